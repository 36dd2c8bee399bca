/** `make bench`: what a dropped packet costs with Sluice and with its peers, in one run on one machine. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPair } from '../src/lab/index.ts';
import { type Contestant, dropRates, enterContest, leaveContest } from './contest.ts';
import { costsOf } from './costs.ts';
import { giveReceiverItsOwnCpu, pinGenerator } from './cpus.ts';
import { goalTable } from './goals.ts';
import { bareXdp } from './peers/bare-xdp.ts';
import { peers } from './peers/index.ts';
import { otherPrefixes } from './peers/peer.ts';
import { generationOf, measuredPolicies, readmePolicy } from './policies.ts';
import { publish } from './publish.ts';
import { replayRate, writeCapture } from './replay.ts';
import {
  type CostResult,
  type DropResult,
  type Drops,
  keep,
  latest,
  provenance,
  type Results,
  sampleOf,
  tables,
  type UseResult,
} from './results.ts';
import { measureRuleLists } from './rules/results.ts';
import { measureSets } from './sets/results.ts';
import { startUpMs } from './start-up.ts';
import { measureUpdates } from './updates.ts';

const CONTESTS = 6;
/** Of each contest. */
const ROUNDS = 3;
const REPEATS = 9;

process.chdir(new URL('..', import.meta.url).pathname);
const parts = ['use', 'drops', 'costs', 'rules', 'sets', 'updates'] as const;
/** `npx tsx bench/run.ts rules sets` measures these parts alone; the others stay as they were. */
const asked = process.argv.slice(2);
const unknown = asked.find((part) => !(parts as readonly string[]).includes(part));
if (unknown !== undefined) throw new Error(`no part "${unknown}": ${parts.join(', ')}`);
const before = asked.length === 0 ? undefined : latest();
const say = (line: string): void => console.error(line);
/** In the order of the parts: what pins the generator or runs ahead of other work comes behind what users would meet. */
const measured = async <Part extends (typeof parts)[number]>(
  part: Part,
  measure: () => Results[Part] | Promise<Results[Part]>,
): Promise<Results[Part]> => {
  if (before !== undefined && !asked.includes(part)) return before[part];
  say(`measuring ${part}`);
  return await measure();
};
const use = await measured('use', measureUse);
const updates = await measured('updates', () => measureUpdates(say));
pinGenerator();
const drops = await measured('drops', measureDrops);
const costs = await measured('costs', measureCosts);
const rules = await measured('rules', () => measureRuleLists(say));
const sets = await measured('sets', () => measureSets(say));
const results: Results = {
  ...provenance(),
  use,
  drops,
  costs,
  rules,
  ...(sets && { sets }),
  ...(updates && { updates }),
};
keep(results);
await publish(results);
console.log(tables(results));
console.log(goalTable(results));

/** Rates by peer, a value a round; `unavailable` says why a peer has none. */
interface Contest {
  readonly sharedCpu: Map<string, number[]>;
  readonly ownCpu: Map<string, number[]>;
  readonly unavailable: Map<string, string>;
}

/** Several contests, each in labs of its own: where a lab's buffers lie in memory decides a tenth and more. */
async function measureDrops(): Promise<DropResult[]> {
  const contests: Contest[] = [];
  for (let i = 0; i < CONTESTS; i++) contests.push(await contest());
  const all = (id: string, of: 'sharedCpu' | 'ownCpu'): number[] => contests.flatMap((one) => one[of].get(id) ?? []);
  const dropsOf = (id: string, of: 'sharedCpu' | 'ownCpu'): Drops => {
    const bare = all(bareXdp.id, of);
    const ratios = all(id, of).map((rate, round) => rate / (bare[round] ?? Number.NaN));
    return { rate: sampleOf(all(id, of)), ofBare: sampleOf(ratios) };
  };
  return peers.map(({ id, title }) => {
    const unavailable = contests.map((one) => one.unavailable.get(id)).find((reason) => reason !== undefined);
    return unavailable === undefined
      ? { id, title, sharedCpu: dropsOf(id, 'sharedCpu'), ownCpu: dropsOf(id, 'ownCpu') }
      : { id, title, unavailable };
  });
}

async function contest(): Promise<Contest> {
  const contestants: Contestant[] = [];
  try {
    for (const peer of peers) contestants.push(await enterContest(peer));
    const present = contestants.filter(({ unavailable }) => unavailable === undefined);
    const sharedCpu = dropRates(present, ROUNDS);
    for (const { lab } of present) await giveReceiverItsOwnCpu(lab.host('host'));
    const ownCpu = dropRates(present, ROUNDS);
    const reasons = contestants.flatMap(({ peer, unavailable }): [string, string][] =>
      unavailable === undefined ? [] : [[peer.id, unavailable]],
    );
    return { sharedCpu, ownCpu, unavailable: new Map(reasons) };
  } finally {
    for (const contestant of contestants) await leaveContest(contestant);
  }
}

function measureCosts(): CostResult[] {
  const generations = measuredPolicies.map((policy) => ({ ...policy, generation: generationOf(policy, () => 1) }));
  const subjects = generations.map(({ id, title, generation }) => ({
    id,
    title,
    program: generation.xdp,
    multiBuffer: false,
  }));
  try {
    const costs = costsOf(subjects, REPEATS);
    return subjects.map(({ id, title }) => ({ id, title, nanoseconds: sampleOf(costs.get(id) ?? []) }));
  } finally {
    for (const { generation } of generations) generation.close();
  }
}

async function measureUse(): Promise<UseResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const [policy, capture] = [join(folder, 'policy.yaml'), join(folder, 'capture.pcap')];
  const lab = await createPair({ name: 'bench' });
  try {
    writeFileSync(policy, readmePolicy);
    writeFileSync(join(folder, 'blocked.txt'), otherPrefixes(1000).join('\n'));
    writeCapture(capture);
    const rounds = Array.from({ length: REPEATS });
    const startUps: number[] = [];
    for (const _ of rounds) startUps.push(await startUpMs(lab.host('host'), policy));
    const rates = rounds.map(() => replayRate(policy, capture));
    return [
      { id: 'start-up', title: "the README's policy: file to enforcement", unit: 'ms', sample: sampleOf(startUps) },
      { id: 'replay', title: 'replay -o ndjson', unit: 'packets/s', sample: sampleOf(rates) },
    ];
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true });
  }
}
