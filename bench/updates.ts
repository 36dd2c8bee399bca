import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPair, type LabProcess } from '../src/lab/index.ts';
import { type Sample, sampleOf } from './results.ts';
import { classbenchList, type MeasuredList } from './rules/lists.ts';
import { policyText } from './rules/measure.ts';

/** How long a rule takes from the policy's file to enforcement, under `sluice up --watch`. */
export interface UpdateResult {
  readonly id: string;
  readonly title: string;
  readonly rules: number;
  /** From the file's rename to enforcement: with up to 0.2 s that the watcher waits for a file to be whole. */
  readonly total: Sample;
  /** Of it: reading, checking, compiling, loading, replacing, as `up` tells it. */
  readonly own: Sample;
}

const CHANGES = 9;

export async function measureUpdates(say: (text: string) => void): Promise<UpdateResult[]> {
  const results: UpdateResult[] = [];
  for (const size of [1_000, 10_000, 100_000]) {
    const result = await updatesOf(classbenchList('acl1', size, 'v4'));
    say(`${result.title}: ${result.total.median} ms, ${result.own.median} of them Sluice's own`);
    results.push(result);
  }
  return results;
}

async function updatesOf(list: MeasuredList): Promise<UpdateResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-updates-'));
  const file = join(folder, 'policy.yaml');
  const lab = await createPair({ name: 'updates' });
  try {
    writeFileSync(file, policyText(list));
    const args = ['up', file, '--watch', '--interval', '3600', '-o', 'ndjson'];
    const up = await lab.host('host').spawn(join(process.cwd(), 'bin/sluice'), args);
    await up.printed('"event":"up"', 120_000);
    const [totals, owns]: [number[], number[]] = [[], []];
    for (let change = 0; change < CHANGES; change++) {
      replaceFile(file, withOneMore(readFileSync(file, 'utf8'), change));
      const renamed = performance.now();
      const { milliseconds, problems } = await versionInForce(up, change);
      if (problems.length > 0) throw new Error(JSON.stringify(problems));
      totals.push(performance.now() - renamed);
      owns.push(milliseconds);
    }
    await up.stop('SIGINT');
    const title = `one rule more in ${list.title}`;
    return { id: list.id, title, rules: list.rules.length, total: sampleOf(totals), own: sampleOf(owns) };
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true });
  }
}

/** A rule in the middle; every third time one goes out as well. */
function withOneMore(text: string, change: number): string {
  const items = text.split('    - name: ');
  const middle = (items.length >> 1) + change;
  const gone = change % 3 === 2 ? 1 : 0;
  return items
    .toSpliced(middle, gone, `added-${change}\n      from: 198.51.100.${change}\n      action: drop\n`)
    .join('    - name: ');
}

function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

interface PolicyEvent {
  readonly milliseconds: number;
  readonly problems: readonly unknown[];
}

async function versionInForce(up: LabProcess, number: number): Promise<PolicyEvent> {
  const events = (): string[] =>
    up
      .output()
      .stdout.split('\n')
      .filter((line) => line.includes('"event":"policy"'));
  await up.printed(new RegExp(`(?:"event":"policy".*\\n[^]*?){${number + 1}}`), 120_000);
  return JSON.parse(events()[number] as string) as PolicyEvent;
}

export const updateTable = (updates: readonly UpdateResult[]): string =>
  `| | from the file's change, ms | Sluice's own, ms |
| --- | --- | --- |
${updates.map(({ title, total, own }) => `| ${title} | ${inWords(total)} | ${inWords(own)} |`).join('\n')}
`;

const inWords = ({ median, min, max }: Sample): string =>
  `${Math.round(median)} (${Math.round(min)} to ${Math.round(max)})`;
