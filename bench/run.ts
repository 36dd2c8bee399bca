/** `make bench`: what a dropped packet costs with Sluice and with its peers, in one run on one machine. */
import { type Contestant, dropRates, enterContest, leaveContest } from './contest.ts';
import { giveReceiverItsOwnCpu, pinGenerator } from './cpus.ts';
import { loadGenerator } from './flood.ts';
import { peers } from './peers/index.ts';
import { type DropResult, keep, provenance, sampleOf, tables } from './results.ts';

const ROUNDS = 7;

process.chdir(new URL('..', import.meta.url).pathname);
pinGenerator();
const results = { ...provenance(), drops: await measureDrops(), costs: [] };
keep(results);
console.log(tables(results));

async function measureDrops(): Promise<DropResult[]> {
  const contestants: Contestant[] = [];
  try {
    for (const peer of peers) contestants.push(await enterContest(peer));
    return await contest(contestants);
  } finally {
    for (const contestant of contestants) await leaveContest(contestant);
  }
}

async function contest(contestants: readonly Contestant[]): Promise<DropResult[]> {
  using generator = loadGenerator();
  const present = contestants.filter(({ unavailable }) => unavailable === undefined);
  const shared = dropRates(present, generator, ROUNDS);
  for (const { lab } of present) await giveReceiverItsOwnCpu(lab.host('host'));
  const own = dropRates(present, generator, ROUNDS);

  return contestants.map(({ peer: { id, title }, unavailable }) =>
    unavailable === undefined
      ? { id, title, sharedCpu: sampleOf(shared.get(id) ?? []), ownCpu: sampleOf(own.get(id) ?? []) }
      : { id, title, unavailable },
  );
}
