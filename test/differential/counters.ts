import { sumCounters } from '../../src/datapath/counters.ts';
import type { Rehearsal } from '../../src/datapath/rehearsal.ts';
import { FIRST_RULE } from '../../src/generated/abi.ts';
import type { Judgement } from '../../src/policy/model.ts';

export interface Count {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** What the kernel has counted for a reason or rule, on all CPUs. */
export function kernelCount(rehearsal: Rehearsal, id: number): Count {
  const { packets, bytes } = sumCounters(rehearsal.generation.maps.get('xdp', 'counters'))[id] as Count;
  return { packets, bytes };
}

/** Counts what the model says that a data plane has to count: the rules passed, and what decided. */
export function createModelCounters(): {
  add(judgement: Judgement, frameLength: number): void;
  counts: ReadonlyMap<number, Count>;
} {
  const counts = new Map<number, Count>();
  return {
    counts,
    add({ id, counted, logged }, frameLength) {
      for (const each of [id, ...[...counted, ...logged].map((index) => FIRST_RULE + index)]) {
        const { packets, bytes } = counts.get(each) ?? { packets: 0n, bytes: 0n };
        counts.set(each, { packets: packets + 1n, bytes: bytes + BigInt(frameLength) });
      }
    },
  };
}
