import type { Prefix } from '../../src/kernel/index.ts';
import type { Filled } from './structure.ts';

/** Of single changes, microseconds. */
export interface UpdateTimes {
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

/** How long it takes to add each prefix, and to take each out again. None of them is a member. */
export function updateTimes(structure: Filled, others: readonly Prefix[]): UpdateTimes {
  const times: number[] = [];
  for (const change of [structure.add, structure.delete]) {
    for (const prefix of others) {
      const started = performance.now();
      change(prefix);
      times.push((performance.now() - started) * 1000);
    }
  }
  times.sort((a, b) => a - b);
  const at = (part: number): number => Number((times[Math.floor(part * (times.length - 1))] as number).toPrecision(3));
  return { p50: at(0.5), p99: at(0.99), longest: at(1) };
}
