import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import Table from 'cli-table3';
import { goals } from './goals.ts';
import type { LifeResults } from './life/results.ts';
import type { RuleResults } from './rules/results.ts';
import type { SetResults } from './sets/results.ts';
import type { UpdateResults } from './updates/results.ts';

/** Of several rounds. */
export interface Sample {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Drops {
  /** Packets a second. */
  readonly rate: Sample;
  /** Of the rate of a bare XDP_DROP in the same round. */
  readonly ofBare: Sample;
}

export interface DropResult {
  readonly id: string;
  readonly title: string;
  /** Why it was not measured. */
  readonly unavailable?: string;
  /** Generator and receiver share a CPU: the rate has the generator's cost in it. */
  readonly sharedCpu?: Drops;
  /** Each has its own: the rate is the receiver's, up to what the generator can do. */
  readonly ownCpu?: Drops;
}

export interface CostResult {
  readonly id: string;
  readonly title: string;
  /** Over the empty program, nanoseconds a packet. */
  readonly nanoseconds: Sample;
}

/** What a user waits for. */
export interface UseResult {
  readonly id: string;
  readonly title: string;
  readonly unit: 'ms' | 'packets/s';
  readonly sample: Sample;
}

/** What can be measured by itself. */
export interface Parts {
  readonly use: readonly UseResult[];
  readonly updates: UpdateResults;
  /** Undefined in results of before it was measured. */
  readonly life: LifeResults | undefined;
  readonly drops: readonly DropResult[];
  readonly costs: readonly CostResult[];
  readonly rules: RuleResults;
  readonly sets: SetResults;
}

export interface Results extends Parts {
  readonly date: string;
  readonly commit: string;
  readonly machine: { readonly kernel: string; readonly cpu: string; readonly cpus: number };
}

export function sampleOf(values: readonly number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => Number((sorted[index] ?? 0).toPrecision(4));
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1) };
}

/** Where and when the results come from. */
export function provenance(): Pick<Results, 'date' | 'commit' | 'machine'> {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    machine: { kernel: release(), cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length },
  };
}

/** `1a2b3c4`, with `-changed` where files differ from it; `unknown` outside of a repository. */
function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty=-changed'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Writes bench/results/latest.json, and the same under its date: the history. */
export function keep(results: Results): void {
  const text = `${JSON.stringify(results, undefined, 2)}\n`;
  const dated = results.date.slice(0, 16).replaceAll(':', '');
  mkdirSync('bench/results/history', { recursive: true });
  writeFileSync(`bench/results/history/${dated}-${results.commit}.json`, text);
  writeFileSync('bench/results/latest.json', text);
}

/** The newest results that are kept. What was not measured at that time is empty. */
export function latest(): Results {
  const kept = JSON.parse(readFileSync('bench/results/latest.json', 'utf8')) as Results;
  return { ...kept, updates: kept.updates ?? [], sets: kept.sets ?? [] };
}

/** The results for people. */
export function tables(results: Results): string {
  const { use, drops, costs, rules } = results;
  const dropTable = new Table({ head: ['dropped, Mpps', 'one CPU', 'of bare', 'own CPU', 'of bare'], style });
  for (const { title, unavailable, sharedCpu, ownCpu } of drops) {
    if (unavailable !== undefined) dropTable.push([title, { colSpan: 4, content: unavailable }]);
    else dropTable.push([title, mpps(sharedCpu), ofBare(sharedCpu), mpps(ownCpu), ofBare(ownCpu)]);
  }
  const costTable = new Table({ head: ['over the empty program', 'ns a packet'], style });
  for (const { title, nanoseconds } of costs) costTable.push([title, nanoseconds.median.toFixed(0)]);
  const useTable = new Table({ head: ['in use', 'median', 'best', 'worst'], style });
  for (const { title, unit, sample } of use) {
    const show = (value: number) => `${Math.round(value).toLocaleString('en')} ${unit}`;
    const [low, high] = [show(sample.min), show(sample.max)];
    useTable.push([title, show(sample.median), ...(unit === 'ms' ? [low, high] : [high, low])]);
  }
  const ruleTable = new Table({ head: ['rules', 'cold, ns', 'hot', 'disagreements'], style });
  for (const { title, cold, hot, disagreements } of rules.costs) {
    ruleTable.push([title, cold.median.toFixed(0), hot.median.toFixed(0), disagreements]);
  }
  const contestTable = new Table({ head: ['rules under live traffic', 'rules', 'ns over XDP_DROP'], style });
  for (const { title, list, rules: count, nanoseconds, unavailable } of rules.contests) {
    contestTable.push([`${title}: ${list}`, count, nanoseconds?.median.toFixed(0) ?? unavailable ?? '']);
  }
  const goalTable = new Table({ head: ['wanted', 'at most', 'came to', ''], style });
  for (const { title, atMost, cameTo, verdict } of goals(results)) goalTable.push([title, atMost, cameTo, verdict]);
  return [dropTable, costTable, useTable, ruleTable, contestTable, goalTable].map(String).join('\n');
}

const style = { head: [], border: [] };

const mpps = (drops: Drops | undefined): string => (drops === undefined ? '' : (drops.rate.median / 1e6).toFixed(2));

const ofBare = (drops: Drops | undefined): string => (drops === undefined ? '' : drops.ofBare.median.toFixed(2));
