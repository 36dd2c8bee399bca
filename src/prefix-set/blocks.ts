/** The memory has no room for a change. */
export class OutOfRoom extends Error {}

/**
 * Words that were in use are not written again before this time has passed. A program that still looks at them holds
 * the kernel's RCU read lock and runs for microseconds: a second is beyond every one.
 */
const GRACE_MS = 1000;

/** Which words of a memory are in use. */
export interface Blocks {
  /** Words in use, without those that are free. */
  readonly used: number;
  /**
   * Where so many words begin: a power of two. Blocks of up to `largest` stand at multiples of their size. Throws
   * OutOfRoom.
   */
  allocate(words: number): number;
  /** Takes back a block of a power of two; one of more than `largest` words in pieces. */
  release(at: number, words: number): void;
  /** What the action allocates before it throws is free again at once: nobody has seen it. */
  attempt<T>(action: () => T): T;
}

/** @param first words that are in use from the start */
export function createBlocks(capacity: number, first: number, largest: number): Blocks {
  /** By their words: those that nobody sees, and those that were in use until a while ago. */
  const ready = new Map<number, number[]>();
  const resting = new Map<number, RestingBlocks>();
  let end = first;
  let free = 0;
  let attempted: [at: number, words: number][] | undefined;

  function isFree(words: number): boolean {
    return (ready.get(words)?.length ?? 0) > 0 || (resting.get(words)?.isRested() ?? false);
  }
  function takeFree(words: number): number {
    free -= words;
    return ready.get(words)?.pop() ?? (resting.get(words) as RestingBlocks).take();
  }
  function makeReady(at: number, words: number): void {
    free += words;
    const list = ready.get(words) ?? [];
    list.push(at);
    ready.set(words, list);
  }

  function find(words: number): number {
    if (isFree(words)) return takeFree(words);
    const aligned = Math.ceil(end / Math.min(words, largest)) * Math.min(words, largest);
    if (aligned + words <= capacity) {
      while (end < aligned) {
        const piece = end & -end;
        makeReady(end, piece);
        end += piece;
      }
      end += words;
      return end - words;
    }
    let larger = words * 2;
    while (larger <= largest && !isFree(larger)) larger *= 2;
    if (larger > largest || words > largest)
      throw new OutOfRoom(`a memory of ${capacity} words has no room for ${words} more`);
    const block = takeFree(larger);
    for (let piece = words; piece < larger; piece *= 2) makeReady(block + piece, piece);
    return block;
  }

  return {
    get used() {
      return end - free;
    },
    allocate(words) {
      const at = find(words);
      attempted?.push([at, words]);
      return at;
    },
    release(at, words) {
      const size = Math.min(words, largest);
      const list = resting.get(size) ?? createRestingBlocks();
      resting.set(size, list);
      for (let piece = at; piece < at + words; piece += size) list.add(piece);
      free += words;
    },
    attempt(action) {
      attempted = [];
      try {
        return action();
      } catch (error) {
        for (const [at, words] of attempted) makeReady(at, words);
        throw error;
      } finally {
        attempted = undefined;
      }
    },
  };
}

interface RestingBlocks {
  add(at: number): void;
  /** Whether the oldest is out of every program's sight. */
  isRested(): boolean;
  take(): number;
}

/** First in, first out. Two numbers each, for there may be a million. */
function createRestingBlocks(): RestingBlocks {
  let blocks: number[] = [];
  let since: number[] = [];
  let head = 0;
  return {
    add(at) {
      blocks.push(at);
      since.push(performance.now());
    },
    isRested: () => head < blocks.length && performance.now() - (since[head] as number) > GRACE_MS,
    take() {
      const at = blocks[head++] as number;
      if (head > 1024 && head * 2 > blocks.length) {
        blocks = blocks.slice(head);
        since = since.slice(head);
        head = 0;
      }
      return at;
    },
  };
}
