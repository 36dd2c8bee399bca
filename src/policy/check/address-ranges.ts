import { columnsOfRanges } from '../../prefix-set/columns.ts';
import type { AddressRanges, SetMembers } from '../checked.ts';
import type { AddressRange } from './address-text.ts';

/** Collects ranges in any order, by the million, and hands them out sorted and merged. */
export interface AddressRangesBuilder {
  add(range: AddressRange): void;
  addAll(ranges: AddressRanges): void;
  build(): AddressRanges;
  /** The prefixes of each range by itself, in the order in which they came. */
  members(): SetMembers;
}

export function createAddressRangesBuilder(): AddressRangesBuilder {
  const v4 = growable(2);
  const v6 = growable(8);
  return {
    add({ family, lo, hi }) {
      if (family === 4) {
        const at = v4.reserve();
        v4.words[at] = hi[3] ?? 0;
        v4.words[at + 1] = lo[3] ?? 0;
      } else {
        const at = v6.reserve();
        v6.words.set(lo, at);
        v6.words.set(hi, at + 4);
      }
    },
    addAll(ranges) {
      for (let index = 0; index < ranges.v4.length; index += 2) {
        const at = v4.reserve();
        v4.words[at] = ranges.v4[index + 1] ?? 0;
        v4.words[at + 1] = ranges.v4[index] ?? 0;
      }
      for (let index = 0; index < ranges.v6.length; index += 4) {
        const at = v6.reserve();
        for (let half = 0; half < 4; half++) {
          const value = ranges.v6[index + half] ?? 0n;
          v6.words[at + half * 2] = Number(value >> 32n);
          v6.words[at + half * 2 + 1] = Number(value & 0xffff_ffffn);
        }
      }
    },
    build: () => ({ v4: mergeV4(v4.used()), v6: mergeV6(v6.used()) }),
    members() {
      const pairs = v4.used();
      for (let at = 0; at < pairs.length; at += 2) [pairs[at], pairs[at + 1]] = [pairs[at + 1] ?? 0, pairs[at] ?? 0];
      const ranges = { v4: pairs, v6: toHalves(v6.used()) };
      return { v4: columnsOfRanges(ranges, 32), v6: columnsOfRanges(ranges, 128) };
    },
  };
}

const NO_ADDRESSES: AddressRanges = { v4: new Uint32Array(0), v6: new BigUint64Array(0) };

export function isEmptyRanges(ranges: AddressRanges): boolean {
  return ranges.v4.length === 0 && ranges.v6.length === 0;
}

const NO_WORDS = new Uint32Array(0);

function growable(stride: number) {
  const buffer = { words: NO_WORDS, length: 0, reserve, used };
  function reserve(): number {
    const at = buffer.length;
    buffer.length += stride;
    if (buffer.length > buffer.words.length) {
      const larger = new Uint32Array(Math.max(4 * stride, buffer.words.length * 2));
      larger.set(buffer.words);
      buffer.words = larger;
    }
    return at;
  }
  function used(): Uint32Array {
    return buffer.length === 0 ? NO_WORDS : buffer.words.slice(0, buffer.length);
  }
  return buffer;
}

/** Pairs of words (hi, lo), so that on a little-endian machine one 64-bit number a pair sorts by lo, then hi. */
function mergeV4(pairs: Uint32Array): Uint32Array {
  if (pairs.length === 0) return NO_ADDRESSES.v4;
  new BigUint64Array(pairs.buffer, pairs.byteOffset, pairs.length / 2).sort();
  const merged = new Uint32Array(pairs.length);
  let length = 0;
  for (let at = 0; at < pairs.length; at += 2) {
    const hi = pairs[at] ?? 0;
    const lo = pairs[at + 1] ?? 0;
    const lastHi = merged[length - 1] ?? 0;
    if (length > 0 && lo <= lastHi + 1) merged[length - 1] = Math.max(lastHi, hi);
    else {
      merged[length++] = lo;
      merged[length++] = hi;
    }
  }
  return merged.slice(0, length);
}

/** Groups of eight words (lo 4, hi 4), most significant first. Compared as words: a BigInt each would take seconds. */
function mergeV6(words: Uint32Array): BigUint64Array {
  if (words.length === 0) return NO_ADDRESSES.v6;
  const merged = new Uint32Array(words.length);
  let length = 0;
  for (const index of sortedOrder(words)) {
    const at = index * 8;
    if (length === 0 || !touches(merged, length - 4, words, at)) {
      for (let word = 0; word < 8; word++) merged[length++] = words[at + word] ?? 0;
    } else if (compare(words, at + 4, merged, length - 4) > 0) {
      for (let word = 0; word < 4; word++) merged[length - 4 + word] = words[at + 4 + word] ?? 0;
    }
  }
  return toHalves(merged.subarray(0, length));
}

/** Whether the address at `lo` is at most the one behind that at `hi`. */
function touches(his: Uint32Array, hi: number, los: Uint32Array, lo: number): boolean {
  if (compare(los, lo, his, hi) <= 0) return true;
  let carry = 1;
  for (let word = 3; word >= 0; word--) {
    const sum = ((his[hi + word] ?? 0) + carry) >>> 0;
    if (sum !== los[lo + word]) return false;
    carry = carry === 1 && sum === 0 ? 1 : 0;
  }
  return true;
}

/** Pairs of words, the high one first, as numbers of 64 bits. */
function toHalves(words: Uint32Array): BigUint64Array {
  const halves = new BigUint64Array(words.length / 2);
  const view = new Uint32Array(halves.buffer);
  for (let at = 0; at < words.length; at += 2) {
    view[at] = words[at + 1] ?? 0;
    view[at + 1] = words[at] ?? 0;
  }
  return halves;
}

/** Below 0, 0 or above 0, as the four words at `a` are less than, as or more than those at `b`. */
function compare(some: Uint32Array, a: number, others: Uint32Array, b: number): number {
  for (let word = 0; word < 4; word++) {
    const difference = (some[a + word] ?? 0) - (others[b + word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The tables of a counting sort are worth their time from here on. */
const MANY = 4096;

/** Positions of the groups by their lo; many of them by counting sorts on 16 bits at a time, the least significant first. */
function sortedOrder(words: Uint32Array): Uint32Array {
  const count = words.length / 8;
  let order = Uint32Array.from({ length: count }, (_, index) => index);
  let next = new Uint32Array(count);
  if (isSorted(words, count)) return order;
  if (count < MANY) return order.sort((a, b) => compare(words, a * 8, words, b * 8));
  for (let digit = 0; digit < 8; digit++) {
    const word = 3 - (digit >> 1);
    const shift = (digit & 1) * 16;
    const starts = new Uint32Array(65537);
    for (let index = 0; index < count; index++) {
      const bucket = (((words[index * 8 + word] ?? 0) >>> shift) & 0xffff) + 1;
      starts[bucket] = (starts[bucket] ?? 0) + 1;
    }
    for (let bucket = 1; bucket < starts.length; bucket++)
      starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
    for (const index of order) {
      const bucket = ((words[index * 8 + word] ?? 0) >>> shift) & 0xffff;
      const at = starts[bucket] ?? 0;
      next[at] = index;
      starts[bucket] = at + 1;
    }
    [order, next] = [next, order];
  }
  return order;
}

/** Most lists of addresses come sorted. */
function isSorted(words: Uint32Array, count: number): boolean {
  for (let index = 1; index < count; index++) if (compare(words, index * 8 - 8, words, index * 8) > 0) return false;
  return true;
}
