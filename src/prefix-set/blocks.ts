/** The memory has no room for a change. */
export class OutOfRoom extends Error {}

/**
 * Words that were in use are not written again before this time has passed. A program that still looks at them holds
 * the kernel's RCU read lock and runs for microseconds: a second is beyond every one.
 */
const GRACE_MS = 1000;

/** Which words of a memory are in use. */
export interface Blocks {
  /** Words in use, and those that were: free ones lie among them. */
  readonly used: number;
  /** Where so many words begin: a power of two, at most `largest`. Throws OutOfRoom. */
  allocate(words: number): number;
  /** Takes back a block of a power of two; one of more than `largest` words in pieces. */
  release(at: number, words: number): void;
  /** Throws OutOfRoom unless so many blocks of the largest kind can be had. */
  require(blocks: number): void;
}

/** @param first words that are in use from the start */
export function createBlocks(capacity: number, first: number, largest: number): Blocks {
  interface Free {
    readonly at: number;
    readonly since: number;
  }
  /** By their words, the oldest first. */
  const free = new Map<number, Free[]>();
  let used = first;

  function freeOf(words: number): Free[] {
    const list = free.get(words) ?? [];
    free.set(words, list);
    return list;
  }
  /** Whether so many free blocks of this size are out of every program's sight. */
  function areFree(words: number, blocks: number): boolean {
    const last = freeOf(words)[blocks - 1];
    return last !== undefined && performance.now() - last.since > GRACE_MS;
  }
  const reuse = (words: number): number => (freeOf(words).shift() as Free).at;

  function allocate(words: number): number {
    if (areFree(words, 1)) return reuse(words);
    if (used + words <= capacity) {
      used += words;
      return used - words;
    }
    if (!areFree(largest, 1)) throw new OutOfRoom(`a memory of ${capacity} words has no room for ${words} more`);
    const block = reuse(largest);
    for (let at = block + words; at < block + largest; at += words) {
      freeOf(words).unshift({ at, since: Number.NEGATIVE_INFINITY });
    }
    return block;
  }

  return {
    get used() {
      return used;
    },
    allocate,
    release(at, words) {
      const size = Math.min(words, largest);
      const since = performance.now();
      for (let piece = at; piece < at + words; piece += size) freeOf(size).push({ at: piece, since });
    },
    require(blocks) {
      const missing = blocks - Math.floor((capacity - used) / largest);
      if (missing > 0 && !areFree(largest, missing)) throw new OutOfRoom(`a memory of ${capacity} words has no room`);
    },
  };
}
