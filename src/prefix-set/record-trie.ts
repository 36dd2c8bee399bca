import { bitsAt, covers, isNode, joinWords, NODE_BITS, sharedBits, slotsIn, type Window, windowOf } from './bits.ts';
import { type Blocks, createBlocks } from './blocks.ts';
import type { Prefix } from './columns.ts';
import { type RecordLayout, type RecordOptions, recordLayout } from './record.ts';
import { cutWord, someAddress, windowWord } from './record-cut.ts';
import type { SortedPrefixes } from './sorted.ts';
import { growTrie, memoryIn, type PutLeaf } from './trie.ts';
import { innerRoot, prefixOfLeaf, walkMembers } from './walk.ts';
import { fieldOf, leafBits, NONE, trieKind, wordOf } from './word.ts';

/** Members, each with a record, in tries that hang below one another: those that lie in a member hang at its record. */
export interface RecordTrie {
  /** Words. */
  readonly used: number;
  /** Where the member's record is. */
  find(prefix: Prefix): number | undefined;
  /** Records of the members that cover the address, the shortest first. */
  covering(address: bigint): Generator<number>;
  /** Puts in what is no member; where its record is. Throws OutOfRoom, and nothing has changed. */
  put(prefix: Prefix, expiry: bigint): number;
  /** False where it is no member. Members in it stay where they are. Throws OutOfRoom, and nothing has changed. */
  remove(prefix: Prefix): boolean;
  all(): Generator<{ readonly prefix: Prefix; readonly record: number }>;
  /** The member whose record is there, if one is. */
  memberAt(record: number): Prefix | undefined;
  readonly layout: RecordLayout;
}

/** @param words the memory, with nothing in it; an array map's value */
export function createRecordTrie(
  words: BigUint64Array,
  sorted: SortedPrefixes,
  options: RecordOptions,
  expiry: bigint,
): RecordTrie {
  const { addressBits } = sorted;
  const layout = recordLayout(addressBits, options);
  const blocks: Blocks = createBlocks(words.length, 1, 2 ** NODE_BITS);
  const { allocate, release, attempt } = blocks;
  const windowIn = (word: bigint) => windowOf(word, addressBits);
  const covered = (by: Prefix, prefix: Prefix): boolean => covers(by, prefix, addressBits);
  const shared = (a: bigint, b: bigint): number => sharedBits(a, b, addressBits);
  const wordAt = (at: number): bigint => words[at] as bigint;
  const store = (at: number, word: bigint): void => {
    Atomics.store(words, at, word);
  };

  const recordOf = (leaf: bigint): number => fieldOf(leaf, 'index');
  const leafOf = (length: number, record: number): bigint =>
    wordOf(length === 0 ? trieKind.ALL : leafBits(addressBits, length), record);
  const addressIn = (record: number): bigint =>
    addressBits === 32 ? BigInt.asUintN(32, wordAt(record)) : (wordAt(record) << 64n) | wordAt(record + 1);
  const prefixOf = (leaf: bigint): Prefix => prefixOfLeaf(words, addressBits, leaf, true);
  const innerOf = (record: number): number => innerRoot(words, record, layout);
  const setInner = (record: number, at: number): void => {
    const low = BigInt.asUintN(32, wordAt(record + layout.inner));
    store(record + layout.inner, (BigInt(at) << 32n) | low);
  };
  /** Hangs a trie below a record. */
  const hang = (record: number, root: bigint): void => {
    if (root === NONE) return;
    const at = allocate(1);
    words[at] = root;
    setInner(record, at);
  };
  const tools = { words, addressBits, allocate, prefixOf };

  function writeRecord(record: number, address: bigint, until: bigint): void {
    words.fill(0n, record, record + layout.words);
    if (addressBits === 32) words[record] = address;
    else {
      words[record] = address >> 64n;
      words[record + 1] = BigInt.asUintN(64, address);
    }
    words[record + layout.expiry] = until;
  }

  build();

  /** Records stand in a row, in the order of the prefixes; nodes behind them. */
  function build(): void {
    const { count } = sorted;
    const base = count === 0 ? 0 : allocateRow(count);
    const memory = memoryIn(words, blocks);
    const leaf: PutLeaf = (i, end, slots) => {
      const record = base + i * layout.words;
      const length = sorted.length(i);
      writeRecord(record, sorted.address(i), expiry);
      if (end > i + 1) {
        const root = allocate(1);
        growTrie(sorted, memory, leaf, { root, first: i + 1, end, depth: length });
        setInner(record, root);
      }
      const low = length === 0 ? trieKind.ALL : leafBits(addressBits, length);
      for (const slot of slots) memory.put(slot, low, record);
    };
    growTrie(sorted, memory, leaf);
  }
  function allocateRow(count: number): number {
    const base = allocate(layout.words);
    for (let i = 1; i < count; i++) allocate(layout.words);
    return base;
  }

  /** The leaf on the way of an address in the trie at `root`, NONE where the way ends. */
  function leafOnWay(root: number, address: bigint): bigint {
    let word = wordAt(root);
    while (isNode(word)) {
      const { from, width, children } = windowIn(word);
      word = wordAt(children + bitsAt(address, from, width, addressBits));
    }
    return word;
  }

  /** A member's leaf, or the member that it would lie in; and the root of the trie in which it stands or would. */
  function locate(prefix: Prefix): { root: number; leaf: bigint; cover: number } {
    let [root, cover] = [0, 0];
    for (;;) {
      const leaf = leafOnWay(root, prefix.address);
      const member = leaf === NONE ? undefined : prefixOf(leaf);
      if (member === undefined || !covered(member, prefix)) return { root, leaf: NONE, cover };
      if (member.length === prefix.length) return { root, leaf, cover };
      cover = recordOf(leaf);
      root = innerOf(cover);
      if (root === 0) return { root, leaf: NONE, cover };
    }
  }

  /** Puts a leaf that no other covers into the trie below `at`; what lies in it comes to hang at its record. */
  function place(at: number, prefix: Prefix, record: number): void {
    const word = wordAt(at);
    const leaf = leafOf(prefix.length, record);
    const join = (from: number, most: number, other: Prefix): void => {
      const parts = [
        { prefix: other, word },
        { prefix, word: leaf },
      ];
      store(at, joinWords(words, addressBits, allocate, { from, most }, parts));
    };
    const window = isNode(word) ? windowIn(word) : undefined;
    const below = word === NONE ? 0n : someAddress(tools, word);
    const from = window?.from ?? (word === NONE ? 0 : prefixOf(word).length);
    const same = Math.min(shared(prefix.address, below), prefix.length);
    if (word === NONE || (prefix.length <= from && same === prefix.length)) {
      hang(record, word);
      store(at, leaf);
    } else if (window === undefined) join(same, NODE_BITS, prefixOf(word));
    else if (same < from) join(same, from - same, { address: below, length: from });
    else if (prefix.length < from + window.width) fill(window, prefix, record, leaf);
    else place(window.children + bitsAt(prefix.address, from, window.width, addressBits), prefix, record);
  }

  /** Puts a leaf that ends inside of a node's window into its slots; what was there comes to hang at its record. */
  function fill(window: Window, prefix: Prefix, record: number, leaf: bigint): void {
    const { first, end } = slotsIn(window, prefix, addressBits);
    hang(record, windowWord(tools, prefix.length, Array.from(words.subarray(first, end))));
    for (let slot = first; slot < end; slot++) store(slot, leaf);
  }

  /** The slots of a member's leaf in the trie at `root`, and how long the prefix of each is. */
  function slotsOf(root: number, prefix: Prefix): { first: number; end: number; length: number } {
    let slots = { first: root, end: root + 1, length: prefix.length };
    for (let word = wordAt(root); isNode(word); word = wordAt(slots.first)) {
      const window = windowIn(word);
      slots = { ...slotsIn(window, prefix, addressBits), length: window.from + window.width };
    }
    return slots;
  }

  function remove(prefix: Prefix): boolean {
    const { root, leaf, cover } = locate(prefix);
    if (leaf === NONE) return false;
    const record = recordOf(leaf);
    const inner = innerOf(record);
    const left = inner === 0 ? NONE : wordAt(inner);
    const { first, end, length } = slotsOf(root, prefix);
    if (end - first === 1) store(first, left);
    else {
      const cut = new Map<number, number>();
      const contents = attempt(() =>
        Array.from({ length: end - first }, (_, k) => {
          const address = prefix.address | (BigInt(k) << BigInt(addressBits - length));
          return cutWord(tools, left, { address, length }, cut);
        }),
      );
      contents.forEach((word, k) => {
        store(first + k, word);
      });
      for (const [children, size] of cut) release(children, size);
    }
    if (left === NONE) collapse(root, prefix.address);
    if (cover !== 0 && wordAt(root) === NONE) {
      setInner(cover, 0);
      release(root, 1);
    }
    release(record, layout.words);
    if (inner !== 0) release(inner, 1);
    return true;
  }

  /** Nodes on the way of an address that hold one word or none make room for it: as much is used as is needed. */
  function collapse(root: number, address: bigint): void {
    const way = [root];
    for (let word = wordAt(root); isNode(word); word = wordAt(way.at(-1) as number)) {
      const { from, width, children } = windowIn(word);
      way.push(children + bitsAt(address, from, width, addressBits));
    }
    way.pop();
    for (const at of way.reverse()) {
      const { width, children } = windowIn(wordAt(at));
      let only = NONE;
      for (let slot = children; slot < children + 2 ** width; slot++) {
        const child = wordAt(slot);
        if (only !== NONE && child !== NONE && child !== only) return;
        if (child !== NONE) only = child;
      }
      store(at, only);
      release(children, 2 ** width);
    }
  }

  function* covering(address: bigint): Generator<{ prefix: Prefix; record: number }> {
    const host = { address, length: addressBits };
    for (let root: number | undefined = 0; root !== undefined; ) {
      const leaf = leafOnWay(root, address);
      if (leaf === NONE || !covered(prefixOf(leaf), host)) return;
      const record = recordOf(leaf);
      yield { prefix: prefixOf(leaf), record };
      root = innerOf(record) || undefined;
    }
  }

  return {
    get used() {
      return blocks.used;
    },
    layout,
    find(prefix) {
      const { leaf } = locate(prefix);
      return leaf === NONE ? undefined : recordOf(leaf);
    },
    *covering(address) {
      for (const { record } of covering(address)) yield record;
    },
    put: (prefix, until) =>
      attempt(() => {
        const { root, cover } = locate(prefix);
        const record = allocate(layout.words);
        writeRecord(record, prefix.address, until);
        if (cover !== 0 && root === 0) hang(cover, leafOf(prefix.length, record));
        else place(root, prefix, record);
        return record;
      }),
    remove,
    all: () => walkMembers(words, addressBits, layout),
    memberAt(record) {
      for (const member of covering(addressIn(record))) if (member.record === record) return member.prefix;
      return undefined;
    },
  };
}
