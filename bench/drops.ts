import { type Contestant, dropRates, enterContest, leaveContest } from './contest.ts';
import { giveReceiverItsOwnCpu } from './cpus.ts';
import { bareXdp } from './peers/bare-xdp.ts';
import { peers } from './peers/index.ts';
import { type DropResult, type Drops, sampleOf } from './results.ts';

const CONTESTS = 6;
/** Of each contest. */
const ROUNDS = 3;

/** Rates by peer, a value a round; `unavailable` says why a peer has none. */
interface Contest {
  readonly sharedCpu: Map<string, number[]>;
  readonly ownCpu: Map<string, number[]>;
  readonly unavailable: Map<string, string>;
}

/** Several contests, each in labs of its own: where a lab's buffers lie in memory decides a tenth and more. */
export async function measureDrops(): Promise<DropResult[]> {
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
