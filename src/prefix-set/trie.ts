import type { Blocks } from './blocks.ts';
import { columnsOfRanges } from './columns.ts';
import type { AddressRanges } from './ranges.ts';
import { type SortedPrefixes, sortPrefixes } from './sorted.ts';
import { leafBits, nodeBits, trieKind } from './word.ts';

/** A node has about as many children as prefixes lie below it, up to 2 to the power of this. */
const MAX_WIDTH = 16;

/** Memory that is filled. A word is given in two halves of 32 bits: a BigInt each would take most of the time. */
export interface TrieMemory {
  /** Room for `count` words, with nothing in it; where it begins. */
  allocate(count: number): number;
  put(at: number, low: number, high: number): void;
}

/** Puts the word of a prefix at a slot, and what it leads to into memory. Those from i + 1 to `end` - 1 lie in it. */
export type PutLeaf = (i: number, end: number, slots: Iterable<number>) => void;

/**
 * The block for the addresses of one family: the root, and behind it as many words as needed. With `origin`, those
 * are made to stand at that index of the map's value instead of at 1, beside a trie that is in use meanwhile.
 */
export function buildTrie(ranges: AddressRanges, family: 'v4' | 'v6', origin = 1): BigUint64Array {
  const addressBits = family === 'v4' ? 32 : 128;
  const sorted = sortPrefixes(columnsOfRanges(ranges, addressBits), addressBits);
  let halves = new Uint32Array(128);
  let used = 1;
  const memory: TrieMemory = {
    allocate(count) {
      used += count;
      if (used * 2 > halves.length) {
        const larger = new Uint32Array(Math.max(used * 2, halves.length * 2));
        larger.set(halves);
        halves = larger;
      }
      return used - count + origin - 1;
    },
    put(at, low, high) {
      const index = at === 0 ? 0 : at - origin + 1;
      halves[2 * index] = low;
      halves[2 * index + 1] = high;
    },
  };
  growTrie(sorted, memory, putLeaf(sorted, memory));
  return new BigUint64Array(halves.buffer, 0, used).slice();
}

/** Memory that is there already. */
export function memoryIn(words: BigUint64Array, { allocate }: Blocks): TrieMemory {
  const halves = new Uint32Array(words.buffer, words.byteOffset, words.length * 2);
  return {
    allocate,
    put(at, low, high) {
      halves[2 * at] = low;
      halves[2 * at + 1] = high;
    },
  };
}

/** Leaves that are prefixes and nothing more: see word.ts. */
export function putLeaf(sorted: SortedPrefixes, memory: TrieMemory): PutLeaf {
  const { addressBits } = sorted;
  return (i, _end, slots) => {
    const length = sorted.length(i);
    const low = length === 0 ? trieKind.ALL : leafBits(addressBits, length);
    let high = 0;
    if (length > 0 && addressBits === 32) high = sorted.word(i, 0);
    else if (length > 0) {
      high = memory.allocate(2);
      memory.put(high, sorted.word(i, 1), sorted.word(i, 0));
      memory.put(high + 1, sorted.word(i, 3), sorted.word(i, 2));
    }
    for (const slot of slots) memory.put(slot, low, high);
  };
}

/**
 * Grows a trie of the prefixes from `first` to `end` - 1 that lie in no other of them, below the slot `root`. All of
 * them begin with the same `depth` bits. The root is put in last.
 */
export function growTrie(
  sorted: SortedPrefixes,
  memory: TrieMemory,
  leaf: PutLeaf,
  { root = 0, first = 0, end = sorted.count, depth = 0 } = {},
): void {
  const { addressBits } = sorted;
  const tops = outermost(sorted, first, end);
  const top = (t: number): number => tops[t] as number;
  const insideEnd = (t: number): number => (t + 1 < tops.length ? top(t + 1) : end);
  const slot = [0];
  if (tops.length > 0) subtree(root, 0, tops.length, depth);

  /** The word at `at` for those from `from` to `to` - 1. */
  function subtree(at: number, from: number, to: number, decided: number): void {
    if (to - from === 1) {
      slot[0] = at;
      leaf(top(from), insideEnd(from), slot);
      return;
    }
    const bit = Math.max(decided, sorted.shared(top(from), top(to - 1)));
    const halfEnd = bit < 64 && addressBits === 128 ? 64 : addressBits;
    const width = Math.min(halfEnd - bit, MAX_WIDTH, Math.ceil(Math.log2(to - from)));
    const children = memory.allocate(2 ** width);
    let t = from;
    while (t < to) {
      const child = children + sorted.bits(top(t), bit, width);
      const missing = bit + width - sorted.length(top(t));
      if (missing > 0) {
        // A prefix that ends inside the window stands in every slot that it covers.
        leaf(
          top(t),
          insideEnd(t),
          Array.from({ length: 2 ** missing }, (_, k) => child + k),
        );
        t++;
        continue;
      }
      const bits = child - children;
      let next = t + 1;
      while (next < to && sorted.bits(top(next), bit, width) === bits) next++;
      subtree(child, t, next, bit + width);
      t = next;
    }
    memory.put(at, nodeBits(addressBits, bit, width), children);
  }
}

/** Which of them lie in no other. */
function outermost(sorted: SortedPrefixes, first: number, end: number): Uint32Array {
  const tops = new Uint32Array(end - first);
  let count = 0;
  for (let i = first; i < end; i++) {
    const last = tops[count - 1] as number;
    if (count === 0 || sorted.shared(last, i) < sorted.length(last)) tops[count++] = i;
  }
  return tops.subarray(0, count);
}
