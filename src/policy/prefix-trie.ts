import type { AddressRanges } from './checked.ts';
import { type Prefix4, type Prefix6, prefixes4, prefixes6 } from './prefixes.ts';

/**
 * A set of addresses as one block of 64-bit words, for one array map value. Word 0 is the root. A word is, by its two
 * lowest bits:
 *
 * - NONE: no address of the set is here.
 * - NODE: look at some bits of the address: bits 2 to 7 say how far to shift the address right, 8 to 27 are the mask
 *   for the result, bit 28 says that an IPv6 address' low half is meant, and bits 32 to 63 are where the children
 *   begin: the next word is `words[children + (half >> shift & mask)]`.
 * - LEAF: one prefix, compared as a whole, so that nodes may skip bits that all below them share. IPv4: bits 32 to 63
 *   are the address, 2 to 7 the bits behind the prefix. IPv6: bits 32 to 63 say where the two halves of the address
 *   are; bit 28 says that the prefix is longer than 64 bits, 2 to 7 are the bits of its last half behind it.
 * - ALL: every address here is in the set.
 *
 * The shape is a multibit trie with path compression (Nilsson and Karlsson, "IP-Address Lookup Using LC-Tries", 1999),
 * for membership only: the prefixes are disjoint, so that no more than one leaf has to be looked at.
 */
export const trieKind = { NONE: 0, NODE: 1, LEAF: 2, ALL: 3 } as const;

export const trieBits = {
  kind: { shift: 0, mask: 3 },
  shift: { shift: 2, mask: 63 },
  mask: { shift: 8, mask: 0xfffff },
  lowHalf: { shift: 28, mask: 1 },
  index: { shift: 32, mask: 0xffffffff },
} as const;

/** How many nodes lie on the longest way, at most: each looks at four bits or more. */
export const trieDepth = { v4: 32 / 4, v6: 128 / 4 } as const;

const MIN_WIDTH = 4;
const MAX_WIDTH = 16;

/**
 * The block for the addresses of one family: the root, and behind it as many words as needed. With `origin`, those
 * are made to stand at that index of the map's value instead of at 1, beside a trie that is in use meanwhile.
 */
export function buildTrie(ranges: AddressRanges, family: 'v4' | 'v6', origin = 1): BigUint64Array {
  return family === 'v4' ? build(shape4(prefixes4(ranges)), origin) : build(shape6(prefixes6(ranges)), origin);
}

/** What the builder asks of a sorted list of disjoint prefixes. Bits are counted from the first of the address. */
interface Shape {
  readonly count: number;
  readonly addressBits: number;
  length(i: number): number;
  /** `width` bits of prefix i from bit `from` on; bits behind the prefix are zero. Never across the halves. */
  bits(i: number, from: number, width: number): number;
  /** How many first bits prefixes i and j share. */
  shared(i: number, j: number): number;
  leaf(i: number, words: WordList): bigint;
}

interface WordList {
  /** Room for `count` words; where it begins. */
  allocate(count: number): number;
  set(index: number, word: bigint): void;
}

function build(shape: Shape, origin: number): BigUint64Array {
  let words = new BigUint64Array(64);
  let used = 1;
  const list: WordList = {
    allocate(count) {
      const start = used;
      used += count;
      if (used > words.length) {
        const larger = new BigUint64Array(Math.max(used, words.length * 2));
        larger.set(words);
        words = larger;
      }
      return start + origin - 1;
    },
    set(index, word) {
      words[index - origin + 1] = word;
    },
  };
  const root = subtree(shape, list, 0, shape.count, 0);
  words[0] = root;
  return words.slice(0, used);
}

/** The word for prefixes `first` to `end - 1`, of which the first `depth` bits are decided. */
function subtree(shape: Shape, list: WordList, first: number, end: number, depth: number): bigint {
  if (first === end) return BigInt(trieKind.NONE);
  if (end - first === 1) return shape.length(first) === 0 ? BigInt(trieKind.ALL) : shape.leaf(first, list);

  const from = Math.max(depth, shape.shared(first, end - 1));
  const halfEnd = from < 64 && shape.addressBits === 128 ? 64 : shape.addressBits;
  const width = Math.min(halfEnd - from, Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, Math.ceil(Math.log2(end - first)))));
  const children = list.allocate(2 ** width);
  let i = first;
  while (i < end) {
    const slot = shape.bits(i, from, width);
    const missing = from + width - shape.length(i);
    if (missing > 0) {
      // A prefix that ends inside the window stands in every slot that it covers.
      const leaf = shape.leaf(i, list);
      for (let k = 0; k < 2 ** missing; k++) list.set(children + slot + k, leaf);
      i++;
    } else {
      let j = i + 1;
      while (j < end && shape.bits(j, from, width) === slot && shape.length(j) >= from + width) j++;
      list.set(children + slot, subtree(shape, list, i, j, from + width));
      i = j;
    }
  }
  return node(halfEnd - from - width, width, shape.addressBits === 128 && from >= 64, children);
}

function word(kind: number, shift: number, mask: number, lowHalf: boolean, index: number): bigint {
  const low = kind | (shift << trieBits.shift.shift) | (mask << trieBits.mask.shift);
  return (BigInt(index) << 32n) | BigInt((low | (lowHalf ? 1 << trieBits.lowHalf.shift : 0)) >>> 0);
}

const node = (shift: number, width: number, lowHalf: boolean, children: number): bigint =>
  word(trieKind.NODE, shift, 2 ** width - 1, lowHalf, children);

function shape4(prefixes: readonly Prefix4[]): Shape {
  const at = (i: number): Prefix4 => prefixes[i] as Prefix4;
  return {
    count: prefixes.length,
    addressBits: 32,
    length: (i) => at(i).length,
    bits: (i, from, width) => Math.floor(at(i).address / 2 ** (32 - from - width)) % 2 ** width,
    shared: (i, j) => Math.min(Math.clz32(at(i).address ^ at(j).address), at(i).length, at(j).length),
    leaf: (i) => word(trieKind.LEAF, 32 - at(i).length, 0, false, at(i).address),
  };
}

function shape6(prefixes: readonly Prefix6[]): Shape {
  const at = (i: number): Prefix6 => prefixes[i] as Prefix6;
  return {
    count: prefixes.length,
    addressBits: 128,
    length: (i) => at(i).length,
    bits(i, from, width) {
      const half = from < 64 ? at(i).hi : at(i).lo;
      return Number((half >> BigInt(64 - (from % 64) - width)) & BigInt(2 ** width - 1));
    },
    shared(i, j) {
      const [a, b] = [at(i), at(j)];
      const same = a.hi === b.hi ? 64 + leadingZeros64(a.lo ^ b.lo) : leadingZeros64(a.hi ^ b.hi);
      return Math.min(same, a.length, b.length);
    },
    leaf(i, words) {
      const { hi, lo, length } = at(i);
      const index = words.allocate(2);
      words.set(index, hi);
      words.set(index + 1, lo);
      return word(trieKind.LEAF, length > 64 ? 128 - length : 64 - length, 0, length > 64, index);
    },
  };
}

function leadingZeros64(value: bigint): number {
  const high = Number(value >> 32n);
  return high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(value & 0xffff_ffffn));
}
