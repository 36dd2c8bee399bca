import { covers } from './bits.ts';
import type { AddressBits, Prefix, PrefixColumns } from './columns.ts';
import { createMutableTrie } from './mutable-trie.ts';
import { prefixKey } from './prefix-map.ts';
import { sortPrefixes } from './sorted.ts';

export { OutOfRoom } from './blocks.ts';
export type { Prefix } from './columns.ts';

/**
 * A set of prefixes in memory that others look up while it changes. A change is made beside what is in use and put in
 * force by storing one word, so that no reader misses a member or finds what never was one. Prefixes may lie in one
 * another: taking one out leaves those in it, and those around it.
 */
export interface MutableSet {
  /** Prefixes, those inside of others included. */
  readonly size: number;
  /** Words in use, and words that there are. */
  readonly used: number;
  readonly capacity: number;
  /** False where it is a member already. Throws OutOfRoom, and nothing has changed. */
  add(prefix: Prefix): boolean;
  /** False where it is no member. */
  delete(prefix: Prefix): boolean;
  has(prefix: Prefix): boolean;
  /** Whether some member covers the address. */
  covers(address: bigint): boolean;
  /** All members, in no order. */
  entries(): Generator<Prefix>;
}

/** One for each prefix. */
type Key = number | bigint;

/**
 * The trie holds the members that lie in no other; those that lie in one of them are kept beside.
 *
 * @param words the memory, with nothing in it; an array map's value
 * @param members the first ones, in any order
 */
export function createMutableSet(
  words: BigUint64Array,
  addressBits: AddressBits,
  members: readonly Prefix[] | PrefixColumns,
): MutableSet {
  const keyOf = (prefix: Prefix): Key => prefixKey(prefix, addressBits);
  const prefixOf = (key: Key): Prefix =>
    typeof key === 'number'
      ? { address: BigInt(Math.floor(key / 64)), length: key % 64 }
      : { address: key >> 8n, length: Number(key & 0xffn) };
  const covered = (by: Prefix, prefix: Prefix): boolean => covers(by, prefix, addressBits);

  /** By the key of a member that lies in no other: the keys of those that lie in it, sorted. */
  const inside = new Map<Key, Key[]>();
  const sorted = sortPrefixes(members, addressBits);
  const keyAt = (i: number): Key => keyOf({ address: sorted.address(i), length: sorted.length(i) });
  let size = sorted.count;
  const trie = createMutableTrie(words, sorted, (i, end) => {
    inside.set(
      keyAt(i),
      Array.from({ length: end - i - 1 }, (_, k) => keyAt(i + 1 + k)),
    );
  });

  function add(prefix: Prefix): boolean {
    const key = keyOf(prefix);
    const cover = trie.coverOf(prefix);
    if (cover !== undefined) {
      const coverKey = keyOf(cover);
      if (coverKey === key) return false;
      const list = inside.get(coverKey) ?? [];
      const at = placeIn(list, key);
      if (list[at] === key) return false;
      list.splice(at, 0, key);
      inside.set(coverKey, list);
    } else {
      const leaves = [...trie.within(prefix)].map(keyOf);
      trie.put(prefix);
      const nested = leaves.flatMap((leaf) => [leaf, ...(inside.get(leaf) ?? [])]);
      for (const leaf of leaves) inside.delete(leaf);
      if (nested.length > 0) inside.set(key, nested);
    }
    size++;
    return true;
  }

  function remove(prefix: Prefix): boolean {
    const key = keyOf(prefix);
    const cover = trie.coverOf(prefix);
    if (cover === undefined) return false;
    const coverKey = keyOf(cover);
    const nested = inside.get(coverKey) ?? [];
    if (coverKey !== key) {
      const at = placeIn(nested, key);
      if (nested[at] !== key) return false;
      nested.splice(at, 1);
      if (nested.length === 0) inside.delete(coverKey);
    } else {
      // At most as many as come to lie in the trie: those that lie in no other.
      const left = partsOf(nested);
      trie.replace(
        prefix,
        left.map(({ part }) => part),
      );
      inside.delete(coverKey);
      for (const { part, within } of left) if (within.length > 0) inside.set(keyOf(part), within);
    }
    size--;
    return true;
  }

  return {
    get size() {
      return size;
    },
    get used() {
      return trie.used;
    },
    capacity: words.length,
    add,
    delete: remove,
    has(prefix) {
      const cover = trie.coverOf(prefix);
      if (cover === undefined) return false;
      const key = keyOf(prefix);
      const coverKey = keyOf(cover);
      const nested = inside.get(coverKey) ?? [];
      return coverKey === key || nested[placeIn(nested, key)] === key;
    },
    covers: (address) => trie.coverOf({ address, length: addressBits }) !== undefined,
    *entries() {
      for (const leaf of trie.all()) {
        yield leaf;
        for (const key of inside.get(keyOf(leaf)) ?? []) yield prefixOf(key);
      }
    },
  };

  /** Those that lie in no other, each with the keys of those that lie in it. */
  function partsOf(keys: readonly Key[]): { readonly part: Prefix; readonly within: Key[] }[] {
    const parts: { readonly part: Prefix; readonly within: Key[] }[] = [];
    for (const key of keys) {
      const prefix = prefixOf(key);
      const last = parts.at(-1);
      if (last && covered(last.part, prefix)) last.within.push(key);
      else parts.push({ part: prefix, within: [] });
    }
    return parts;
  }
}

/** Where the key stands in a sorted list, or would. */
function placeIn(keys: readonly Key[], key: Key): number {
  let [lo, hi] = [0, keys.length];
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if ((keys[middle] as Key) < key) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}
