/**
 * `make bench`: what Sluice and its peers cost, in one run on one machine. `npx tsx bench/run.ts rules sets` measures
 * these parts alone, and keeps the others as they were; `publish` measures none, and writes the pages anew.
 */

import { costsOf } from './costs.ts';
import { pinGenerator } from './cpus.ts';
import { measureDrops } from './drops.ts';
import { measureLife } from './life/results.ts';
import { generationOf, measuredPolicies } from './policies.ts';
import { publish } from './publish.ts';
import { type CostResult, keep, latest, type Parts, provenance, type Results, sampleOf, tables } from './results.ts';
import { measureRuleLists } from './rules/results.ts';
import { measureSets } from './sets/results.ts';
import { measureUpdatesBySize } from './updates/results.ts';
import { measureUse } from './use.ts';

const COST_ROUNDS = 9;

type Part = keyof Parts;
type Measures = { readonly [P in Part]: () => Parts[P] | Promise<Parts[P]> };

const say = (line: string): void => console.error(line);

const measures: Measures = {
  // Before anything is pinned or runs ahead of other work: as a user would meet it.
  use: measureUse,
  updates: () => measureUpdatesBySize(say),
  life: () => measureLife(say),
  drops: measureDrops,
  costs: measureCosts,
  rules: () => measureRuleLists(say),
  sets: () => measureSets(say),
};
const pinned: ReadonlySet<Part> = new Set(['drops', 'costs', 'rules', 'sets']);

process.chdir(new URL('..', import.meta.url).pathname);
const words = process.argv.slice(2);
const parts = Object.keys(measures) as Part[];
const unknown = words.find((word) => word !== 'publish' && !(parts as string[]).includes(word));
if (unknown !== undefined) throw new Error(`no part "${unknown}": there are ${parts.join(', ')}`);

const results = words.includes('publish') ? latest() : await measure(words.length === 0 ? parts : (words as Part[]));
await publish(results);
console.log(tables(results));

async function measure(wanted: readonly Part[]): Promise<Results> {
  let measured: Partial<Parts> = wanted.length < parts.length ? latest() : {};
  for (const part of parts.filter((one) => wanted.includes(one))) {
    if (pinned.has(part)) pinGenerator();
    const started = performance.now();
    measured = { ...measured, [part]: await measures[part]() };
    say(`${part}: measured in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  const results = { ...(measured as Parts), ...provenance() };
  keep(results);
  return results;
}

function measureCosts(): CostResult[] {
  const generations = measuredPolicies.map((policy) => ({ ...policy, generation: generationOf(policy) }));
  const subjects = generations.map(({ id, title, generation }) => ({
    id,
    title,
    program: generation.xdp,
    multiBuffer: false,
  }));
  try {
    const costs = costsOf(subjects, COST_ROUNDS);
    return subjects.map(({ id, title }) => ({ id, title, nanoseconds: sampleOf(costs.get(id) ?? []) }));
  } finally {
    for (const { generation } of generations) generation.close();
  }
}
