import { covers, createMutableTrie, type Prefix } from './mutable-trie.ts';

export { OutOfRoom } from './blocks.ts';
export type { Prefix } from './mutable-trie.ts';

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
export function createMutableSet(words: BigUint64Array, addressBits: 32 | 128, members: readonly Prefix[]): MutableSet {
  const keyOf = ({ address, length }: Prefix): Key =>
    addressBits === 32 ? Number(address) * 64 + length : (address << 8n) | BigInt(length);
  const prefixOf = (key: Key): Prefix =>
    typeof key === 'number'
      ? { address: BigInt(Math.floor(key / 64)), length: key % 64 }
      : { address: key >> 8n, length: Number(key & 0xffn) };
  const covered = (by: Prefix, prefix: Prefix): boolean => covers(by, prefix, addressBits);

  /** By the key of a member that lies in no other: the keys of those that lie in it. */
  const inside = new Map<Key, Set<Key>>();
  let size = 0;
  const trie = createMutableTrie(words, addressBits, sortOut());

  /** Those of the first members that lie in no other, sorted; the others are noted. */
  function sortOut(): Prefix[] {
    const parts = partsOf(members);
    for (const { part, within } of parts) {
      size += 1 + (within?.size ?? 0);
      if (within) inside.set(keyOf(part), within);
    }
    return parts.map(({ part }) => part);
  }

  function add(prefix: Prefix): boolean {
    const key = keyOf(prefix);
    const cover = trie.coverOf(prefix);
    if (cover !== undefined) {
      const coverKey = keyOf(cover);
      if (coverKey === key) return false;
      const list = inside.get(coverKey) ?? new Set();
      if (list.has(key)) return false;
      inside.set(coverKey, list.add(key));
    } else {
      trie.requireRoom(1);
      const nested = [...trie.within(prefix)].flatMap((leaf) => {
        const leafKey = keyOf(leaf);
        const list = inside.get(leafKey) ?? [];
        inside.delete(leafKey);
        return [leafKey, ...list];
      });
      trie.put(prefix);
      if (nested.length > 0) inside.set(key, new Set(nested));
    }
    size++;
    return true;
  }

  function remove(prefix: Prefix): boolean {
    const key = keyOf(prefix);
    const cover = trie.coverOf(prefix);
    if (cover === undefined) return false;
    const coverKey = keyOf(cover);
    const nested = inside.get(coverKey);
    if (coverKey !== key) {
      if (!nested?.delete(key)) return false;
      if (nested.size === 0) inside.delete(coverKey);
      size--;
      return true;
    }
    // At most as many as come to lie in the trie: those that lie in no other.
    const left = partsOf([...(nested ?? [])].map(prefixOf));
    trie.requireRoom(left.length);
    trie.replace(
      prefix,
      left.map(({ part }) => part),
    );
    inside.delete(coverKey);
    for (const { part, within } of left) if (within) inside.set(keyOf(part), within);
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
      return coverKey === key || (inside.get(coverKey)?.has(key) ?? false);
    },
    covers: (address) => trie.coverOf({ address, length: addressBits }) !== undefined,
    *entries() {
      for (const leaf of trie.all()) {
        yield leaf;
        for (const key of inside.get(keyOf(leaf)) ?? []) yield prefixOf(key);
      }
    },
  };

  /** Those that lie in no other, sorted, each with the keys of those that lie in it. */
  function partsOf(prefixes: readonly Prefix[]): { readonly part: Prefix; readonly within: Set<Key> | undefined }[] {
    const sorted = [...prefixes].sort((a, b) =>
      a.address === b.address ? a.length - b.length : a.address < b.address ? -1 : 1,
    );
    const parts: { readonly part: Prefix; within: Set<Key> | undefined }[] = [];
    for (const prefix of sorted) {
      const last = parts.at(-1);
      if (!last || !covered(last.part, prefix)) parts.push({ part: prefix, within: undefined });
      else if (prefix.length > last.part.length) {
        last.within ??= new Set();
        last.within.add(keyOf(prefix));
      }
    }
    return parts;
  }
}
