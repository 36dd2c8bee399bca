import { type Prefix4, type Prefix6, prefixes4, prefixes6 } from './prefixes.ts';
import type { AddressRanges } from './ranges.ts';
import { ALL, leafWord, NONE, nodeWord } from './word.ts';

const MIN_WIDTH = 4;
const MAX_WIDTH = 16;

/**
 * The block for the addresses of one family: the root, and behind it as many words as needed. With `origin`, those
 * are made to stand at that index of the map's value instead of at 1, beside a trie that is in use meanwhile.
 */
export function buildTrie(ranges: AddressRanges, family: 'v4' | 'v6', origin = 1): BigUint64Array {
  return family === 'v4' ? build(shape4(prefixes4(ranges)), origin) : build(shape6(prefixes6(ranges)), origin);
}

/** The block for sorted prefixes of which none lies in another: as `buildTrie` makes it. */
export function buildDisjoint(
  prefixes: readonly { readonly address: bigint; readonly length: number }[],
  addressBits: 32 | 128,
): BigUint64Array {
  if (addressBits === 32) {
    return build(shape4(prefixes.map(({ address, length }) => ({ address: Number(address), length }))), 1);
  }
  const half = (address: bigint, shift: bigint): bigint => BigInt.asUintN(64, address >> shift);
  return build(
    shape6(prefixes.map(({ address, length }) => ({ hi: half(address, 64n), lo: half(address, 0n), length }))),
    1,
  );
}

/** What the builder asks of a sorted list of disjoint prefixes. Bits are counted from the first of the address. */
interface Shape {
  readonly count: number;
  readonly addressBits: 32 | 128;
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
  if (first === end) return NONE;
  if (end - first === 1) return shape.length(first) === 0 ? ALL : shape.leaf(first, list);

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
  return nodeWord(shape.addressBits, from, width, children);
}

function shape4(prefixes: readonly Prefix4[]): Shape {
  const at = (i: number): Prefix4 => prefixes[i] as Prefix4;
  return {
    count: prefixes.length,
    addressBits: 32,
    length: (i) => at(i).length,
    bits: (i, from, width) => Math.floor(at(i).address / 2 ** (32 - from - width)) % 2 ** width,
    shared: (i, j) => Math.min(Math.clz32(at(i).address ^ at(j).address), at(i).length, at(j).length),
    leaf: (i) => leafWord(32, at(i).length, at(i).address),
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
      return leafWord(128, length, index);
    },
  };
}

function leadingZeros64(value: bigint): number {
  const high = Number(value >> 32n);
  return high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(value & 0xffff_ffffn));
}
