import { bitsAt as bitsOf, covers, isNode, joinWords, NODE_BITS, sharedBits, windowOf as windowIn } from './bits.ts';
import { createBlocks } from './blocks.ts';
import type { Prefix } from './columns.ts';
import type { SortedPrefixes } from './sorted.ts';
import { growTrie, memoryIn, putLeaf } from './trie.ts';
import { ALL, fieldOf, leafWord, NONE } from './word.ts';

/** Prefixes of which none lies in another, in memory that others look up while they change. */
export interface MutableTrie {
  /** Words. */
  readonly used: number;
  /** The prefix in the trie that covers this one. */
  coverOf(prefix: Prefix): Prefix | undefined;
  /** Puts in a prefix that none covers; those that lie in it go. Throws OutOfRoom, and nothing has changed. */
  put(prefix: Prefix): void;
  /**
   * Takes out a prefix of the trie, and puts these, which lie in it, in its place: no address of theirs is missed.
   * Throws OutOfRoom, and nothing has changed.
   */
  replace(prefix: Prefix, parts: readonly Prefix[]): void;
  /** The prefixes that lie in this one. */
  within(prefix: Prefix): Generator<Prefix>;
  all(): Generator<Prefix>;
}

/**
 * @param words the memory, with nothing in it; an array map's value
 * @param nested hears of the first ones' prefixes that lie in another: those from `i + 1` to `end - 1` in that at i
 */
export function createMutableTrie(
  words: BigUint64Array,
  sorted: SortedPrefixes,
  nested: (i: number, end: number) => void,
): MutableTrie {
  const { addressBits } = sorted;
  const blocks = createBlocks(words.length, 1, 2 ** NODE_BITS);
  const memory = memoryIn(words, blocks);
  const leaf = putLeaf(sorted, memory);
  growTrie(sorted, memory, (i, end, slots) => {
    leaf(i, end, slots);
    if (end > i + 1) nested(i, end);
  });
  const { allocate, release } = blocks;

  const bitsAt = (address: bigint, from: number, width: number): number => bitsOf(address, from, width, addressBits);
  const shared = (a: bigint, b: bigint): number => sharedBits(a, b, addressBits);
  const covered = (by: Prefix, prefix: Prefix): boolean => covers(by, prefix, addressBits);
  const windowOf = (word: bigint) => windowIn(word, addressBits);
  const join = (from: number, most: number, parts: Parameters<typeof joinWords>[4]): bigint =>
    joinWords(words, addressBits, allocate, { from, most }, parts);

  const store = (at: number, value: bigint): void => {
    Atomics.store(words, at, value);
  };

  const leafPrefix = (word: bigint): Prefix => {
    if (word === ALL) return { address: 0n, length: 0 };
    const behind = fieldOf(word, 'shift');
    const index = fieldOf(word, 'index');
    if (addressBits === 32) return { address: BigInt(index), length: 32 - behind };
    const address = ((words[index] as bigint) << 64n) | (words[index + 1] as bigint);
    return { address, length: (fieldOf(word, 'lowHalf') === 1 ? 128 : 64) - behind };
  };
  const makeLeaf = ({ address, length }: Prefix): bigint => {
    if (length === 0) return ALL;
    if (addressBits === 32) return leafWord(32, length, Number(address));
    const at = allocate(2);
    words[at] = address >> 64n;
    words[at + 1] = BigInt.asUintN(64, address);
    return leafWord(128, length, at);
  };
  /** The leaf on the way of an address, NONE where the way ends. */
  function leafOnWay(address: bigint): bigint {
    let word = words[0] as bigint;
    while (isNode(word)) {
      const { from, width, children } = windowOf(word);
      word = words[children + bitsAt(address, from, width)] as bigint;
    }
    return word;
  }

  /** The prefix of the trie that covers this one. */
  function coverOf(prefix: Prefix): Prefix | undefined {
    const word = leafOnWay(prefix.address);
    if (word === NONE) return undefined;
    const leaf = leafPrefix(word);
    return covered(leaf, prefix) ? leaf : undefined;
  }

  /** Some address below a node: all below share the bits that the node skips. */
  function someAddress(word: bigint): bigint {
    if (!isNode(word)) return leafPrefix(word).address;
    const { width, children } = windowOf(word);
    for (let k = 0; k < 2 ** width; k++) {
      const child = words[children + k] as bigint;
      if (hasAddress(child)) return someAddress(child);
    }
    return 0n;
  }
  function hasAddress(word: bigint): boolean {
    if (!isNode(word)) return word !== NONE;
    const { width, children } = windowOf(word);
    for (let k = 0; k < 2 ** width; k++) if (hasAddress(words[children + k] as bigint)) return true;
    return false;
  }

  /** The leaves below a word. */
  function* leavesOf(word: bigint): Generator<Prefix> {
    if (word === NONE) return;
    if (!isNode(word)) {
      yield leafPrefix(word);
      return;
    }
    const { width, children } = windowOf(word);
    let before: bigint | undefined;
    for (let k = 0; k < 2 ** width; k++) {
      const child = words[children + k] as bigint;
      // A prefix that ends inside of the window stands in several places.
      if (child !== before) yield* leavesOf(child);
      before = child;
    }
  }

  /** Gives back what a word that is no longer in force led to. */
  function releaseBelow(word: bigint): void {
    if (word === NONE || word === ALL) return;
    if (!isNode(word)) {
      if (addressBits === 128) release(fieldOf(word, 'index'), 2);
      return;
    }
    const { width, children } = windowOf(word);
    let before: bigint | undefined;
    for (let k = 0; k < 2 ** width; k++) {
      const child = words[children + k] as bigint;
      if (child !== before) releaseBelow(child);
      before = child;
    }
    release(children, 2 ** width);
  }

  /** Puts a prefix that nothing covers into the tree below the word at `at`; what lies in it makes room. */
  function place(at: number, prefix: Prefix, leaf: bigint): void {
    const word = words[at] as bigint;
    if (!hasAddress(word)) {
      store(at, leaf);
      releaseBelow(word);
      return;
    }
    if (!isNode(word)) {
      const other = leafPrefix(word);
      if (covered(prefix, other)) {
        store(at, leaf);
        releaseBelow(word);
        return;
      }
      const parts = [
        { prefix: other, word },
        { prefix, word: leaf },
      ];
      store(at, join(shared(prefix.address, other.address), NODE_BITS, parts));
      return;
    }
    const { from, width, children } = windowOf(word);
    const below = someAddress(word);
    const same = Math.min(shared(prefix.address, below), prefix.length);
    if (same < from && prefix.length <= same) {
      store(at, leaf);
      releaseBelow(word);
      return;
    }
    if (same < from) {
      const subtree = { prefix: { address: below, length: from }, word };
      store(at, join(same, from - same, [subtree, { prefix, word: leaf }]));
      return;
    }
    if (prefix.length <= from) {
      store(at, leaf);
      releaseBelow(word);
      return;
    }
    if (prefix.length >= from + width) {
      place(children + bitsAt(prefix.address, from, width), prefix, leaf);
      return;
    }
    const missing = from + width - prefix.length;
    const first = children + ((bitsAt(prefix.address, from, width) >> missing) << missing);
    let before: bigint | undefined;
    for (let slot = first; slot < first + 2 ** missing; slot++) {
      const old = words[slot] as bigint;
      store(slot, leaf);
      if (old !== before) releaseBelow(old);
      before = old;
    }
  }

  /** Every slot that holds a member's leaf: one, or those of a window in which the prefix ends. */
  function slotsOf(prefix: Prefix): number[] {
    let at = 0;
    let slots = [0];
    while (isNode(words[at] as bigint)) {
      const { from, width, children } = windowOf(words[at] as bigint);
      at = children + bitsAt(prefix.address, from, width);
      const missing = Math.max(0, from + width - prefix.length);
      const first = ((at - children) >> missing) << missing;
      slots = Array.from({ length: 2 ** missing }, (_, k) => children + first + k);
    }
    return slots;
  }

  function* leavesWithin(prefix: Prefix): Generator<Prefix> {
    let word = words[0] as bigint;
    while (isNode(word)) {
      const { from, width, children } = windowOf(word);
      if (from + width > prefix.length) break;
      word = words[children + bitsAt(prefix.address, from, width)] as bigint;
    }
    for (const leaf of leavesOf(word)) if (covered(prefix, leaf)) yield leaf;
  }

  /** What a member's leaf stood for is now what lay in it: built beside, slot by slot, and stored at once. */
  function replaceBy(slots: readonly number[], parts: readonly Prefix[]): void {
    const scratch = allocate(1);
    const contents = slots.map((slot) => {
      words[scratch] = NONE;
      for (const part of parts) if (standsIn(slots, slot, part)) place(scratch, part, makeLeaf(part));
      return words[scratch] as bigint;
    });
    for (const [i, slot] of slots.entries()) store(slot, contents[i] as bigint);
    release(scratch, 1);
  }

  /** Whether the prefix has addresses in the slot, one of a power of two that share a longer prefix. */
  function standsIn(slots: readonly number[], slot: number, part: Prefix): boolean {
    if (slots.length === 1) return true;
    const node = nodeOf(slots[0] as number, part.address);
    const { from, width, children } = node;
    const missing = Math.max(0, from + width - part.length);
    const first = (bitsAt(part.address, from, width) >> missing) << missing;
    return slot - children >= first && slot - children < first + 2 ** missing;
  }

  /** Nodes on the way of an address that hold one word or none make room for it: as much is used as is needed. */
  function collapse(address: bigint): void {
    const way = [0];
    for (let word = words[0] as bigint; isNode(word); word = words[way.at(-1) as number] as bigint) {
      const { from, width, children } = windowOf(word);
      way.push(children + bitsAt(address, from, width));
    }
    way.pop();
    for (const at of way.reverse()) {
      const { width, children } = windowOf(words[at] as bigint);
      let only = NONE;
      for (let slot = children; slot < children + 2 ** width; slot++) {
        const child = words[slot] as bigint;
        if (only !== NONE && child !== NONE && child !== only) return;
        if (child !== NONE) only = child;
      }
      store(at, only);
      release(children, 2 ** width);
    }
  }

  /** The node whose children the slot is one of, on the way of an address. */
  function nodeOf(slot: number, address: bigint): { from: number; width: number; children: number } {
    let word = words[0] as bigint;
    for (;;) {
      const node = windowOf(word);
      if (slot >= node.children && slot < node.children + 2 ** node.width) return node;
      word = words[node.children + bitsAt(address, node.from, node.width)] as bigint;
    }
  }

  return {
    get used() {
      return blocks.used;
    },
    coverOf,
    put: (prefix) => blocks.attempt(() => place(0, prefix, makeLeaf(prefix))),
    replace(prefix, parts) {
      const slots = slotsOf(prefix);
      const old = new Set(slots.map((slot) => words[slot] as bigint));
      if (parts.length === 0) for (const slot of slots) store(slot, NONE);
      else blocks.attempt(() => replaceBy(slots, parts));
      for (const word of old) releaseBelow(word);
      if (parts.length === 0) collapse(prefix.address);
    },
    within: leavesWithin,
    all: () => leavesOf(words[0] as bigint),
  };
}
