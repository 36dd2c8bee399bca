import { createRandom, drawHeaders } from '../../src/policy/testing/classbench.ts';
import { type Contestant, dropRates, enterContest, leaveContest } from '../contest.ts';
import { bareXdp } from '../peers/bare-xdp.ts';
import { type Sample, sampleOf } from '../results.ts';
import { COLD, createHeaderArray } from './harness.ts';
import { createHeaderFlood } from './header-flood.ts';
import { classbenchList, cloudList, type MeasuredList } from './lists.ts';
import { asPeer, rulePeers } from './peers/index.ts';

/** What a packet of a flood costs with the list in force, by live traffic over a veth pair. */
export interface ContestResult {
  readonly id: string;
  readonly title: string;
  readonly list: string;
  readonly kind: MeasuredList['kind'];
  readonly family: MeasuredList['family'];
  readonly rules: number;
  /** Why it was not measured. */
  readonly unavailable?: string;
  /** Nanoseconds a packet over a bare XDP_DROP in the same round. */
  readonly nanoseconds?: Sample;
  readonly loadSeconds?: number;
  /** In what the rules were put, where that is not plain. */
  readonly how?: string;
  /** Why not in something better. */
  readonly note?: string;
}

const ROUNDS = 3;

/** The lists that peers are put beside us with: one that no set can hold, and those that sets are made for. */
export function* contestLists(): Generator<MeasuredList> {
  for (const family of ['v4', 'v6'] as const) {
    for (const size of [10, 1_000, 10_000, 100_000]) yield classbenchList('acl1', size, family);
  }
  for (const size of [10, 1_000, 10_000, 100_000]) yield cloudList('sources', size);
  for (const size of [10, 1_000, 10_000]) yield cloudList('ports', size);
  for (const size of [10, 1_000, 10_000, 100_000]) yield cloudList('security-groups', size);
}

export async function contestOf(list: MeasuredList): Promise<ContestResult[]> {
  const array = createHeaderArray(
    drawHeaders(list.rules, list.family === 'v4' ? 32 : 128, COLD, createRandom(7)),
    list.family,
  );
  const contestants: Contestant[] = [];
  const loaded = new Map<string, Pick<ContestResult, 'loadSeconds' | 'how' | 'note'>>();
  const fits = rulePeers.filter(({ most, takes }) => list.rules.length <= most && takes(list));
  try {
    const peers = fits.map((peer) =>
      asPeer(peer, list, (seconds, { how, note }) =>
        loaded.set(peer.id, {
          loadSeconds: Number(seconds.toFixed(3)),
          ...(how !== undefined && { how }),
          ...(note !== undefined && { note }),
        }),
      ),
    );
    for (const peer of [bareXdp, ...peers]) {
      contestants.push(await enterContest(peer, (lab) => createHeaderFlood(lab.host('client'), array)));
    }
    const present = contestants.filter(({ unavailable }) => unavailable === undefined);
    const rates = dropRates(present, ROUNDS);
    const bare = rates.get(bareXdp.id) ?? [];
    return fits.map(({ id, title }): ContestResult => {
      const { kind, family, rules } = list;
      const of = { id, title, list: list.id, kind, family, rules: rules.length };
      const unavailable = contestants.find(({ peer }) => peer.id === id)?.unavailable;
      if (unavailable !== undefined) return { ...of, unavailable };
      const costs = (rates.get(id) ?? []).map((rate, round) => 1e9 / rate - 1e9 / (bare[round] ?? Number.NaN));
      return { ...of, nanoseconds: sampleOf(costs), ...loaded.get(id) };
    });
  } finally {
    for (const contestant of contestants) await leaveContest(contestant);
    array.close();
  }
}
