/** A stream of numbers that a seed repeats: a million packets want something quicker than fast-check's values. */
export interface Random {
  /** From `min` to `max`, both included: at most 2^32 different numbers. */
  integer(min: number, max: number): number;
  /** True once in `times`. */
  once(times: number): boolean;
  pick<T>(from: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** Mulberry32 (Tommy Ettinger, 2017, public domain): 32 bits of state, good enough to vary packets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    integer,
    once: (times) => integer(1, times) === 1,
    pick(from) {
      if (from.length === 0) throw new RangeError('nothing to pick from');
      return from[integer(0, from.length - 1)] as (typeof from)[number];
    },
    bytes: (length) => Uint8Array.from({ length }, () => integer(0, 255)),
  };
}
