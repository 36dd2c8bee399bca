import { OutOfRoom } from './blocks.ts';
import type { AddressBits, Prefix, PrefixColumns } from './columns.ts';
import { createExpiryBuckets } from './expiry-buckets.ts';
import type { RecordOptions } from './record.ts';
import { createRecordTrie } from './record-trie.ts';
import { sortPrefixes } from './sorted.ts';

export interface MemberCounter {
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface RecordMember extends Prefix {
  /** The tick from which on it is not found; 0 for never. */
  readonly expiry: bigint;
  readonly counter: MemberCounter;
}

/** A clock that goes by ticks, as the programs read it. */
export interface Ticks {
  now(): bigint;
  readonly perSecond: number;
}

/**
 * Members with records, in memory that others look up while it changes: see MutableSet. What has expired is a member
 * until `sweep` has taken it out, and is found by no one.
 */
export interface RecordSet {
  readonly size: number;
  readonly used: number;
  readonly capacity: number;
  /** False where it is a member already, of which the expiry is set. Throws OutOfRoom, and nothing has changed. */
  add(prefix: Prefix, expiry?: bigint): boolean;
  delete(prefix: Prefix): boolean;
  /** Whether it is one that has not expired. */
  has(prefix: Prefix): boolean;
  covers(address: bigint): boolean;
  member(prefix: Prefix): RecordMember | undefined;
  entries(): Generator<RecordMember>;
  /** Takes out what has expired, until that has taken so long. How many it were. */
  sweep(maxMs: number): number;
}

/**
 * @param words the memory, with nothing in it; an array map's value
 * @param expiry of the first members
 */
export function createRecordSet(
  words: BigUint64Array,
  addressBits: AddressBits,
  members: readonly Prefix[] | PrefixColumns,
  options: RecordOptions & { readonly ticks: Ticks; readonly expiry?: bigint },
): RecordSet {
  const { ticks, expiry: first = 0n } = options;
  const sorted = sortPrefixes(members, addressBits);
  const trie = createRecordTrie(words, sorted, options, first);
  const { layout } = trie;
  const buckets = createExpiryBuckets(ticks.now(), ticks.perSecond);
  let size = sorted.count;
  if (first !== 0n) for (const { record } of trie.all()) buckets.note(record, first);

  const word = (record: number, field: number): bigint => Atomics.load(words, record + field);
  const expiryOf = (record: number): bigint => word(record, layout.expiry);
  const isOver = (record: number, now: bigint): boolean => expiryOf(record) !== 0n && expiryOf(record) <= now;
  const counterOf = (record: number): MemberCounter =>
    options.counters
      ? { packets: word(record, layout.packets), bytes: word(record, layout.bytes) }
      : { packets: 0n, bytes: 0n };
  const described = (prefix: Prefix, record: number): RecordMember => ({
    ...prefix,
    expiry: expiryOf(record),
    counter: counterOf(record),
  });

  function add(prefix: Prefix, expiry = 0n): boolean {
    const record = trie.find(prefix);
    if (record === undefined) {
      const made = trie.put(prefix, expiry);
      size++;
      if (expiry !== 0n) buckets.note(made, expiry);
      return true;
    }
    const before = expiryOf(record);
    const begins = isOver(record, ticks.now());
    if (begins && options.counters) {
      Atomics.store(words, record + layout.packets, 0n);
      Atomics.store(words, record + layout.bytes, 0n);
    }
    Atomics.store(words, record + layout.expiry, expiry);
    // One that is due later is looked at when it was due before, and noted again.
    if (expiry !== 0n && (before === 0n || expiry < before)) buckets.note(record, expiry);
    return begins;
  }

  function remove(prefix: Prefix): boolean {
    if (!trie.remove(prefix)) return false;
    size--;
    return true;
  }

  function sweep(maxMs: number): number {
    const end = performance.now() + maxMs;
    const now = ticks.now();
    let gone = 0;
    for (const record of buckets.takeDue(now, () => performance.now() > end)) {
      const prefix = trie.memberAt(record);
      if (prefix === undefined || expiryOf(record) === 0n) continue;
      if (!isOver(record, now)) buckets.note(record, expiryOf(record));
      else if (tryRemove(prefix)) gone++;
      else buckets.note(record, now);
    }
    return gone;
  }

  /** Taking out one in which others lie may want room, which there may be later. */
  function tryRemove(prefix: Prefix): boolean {
    try {
      return remove(prefix);
    } catch (error) {
      if (error instanceof OutOfRoom) return false;
      throw error;
    }
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
      const record = trie.find(prefix);
      return record !== undefined && !isOver(record, ticks.now());
    },
    covers(address) {
      const now = ticks.now();
      for (const record of trie.covering(address)) if (!isOver(record, now)) return true;
      return false;
    },
    member(prefix) {
      const record = trie.find(prefix);
      return record === undefined ? undefined : described(prefix, record);
    },
    *entries() {
      for (const { prefix, record } of trie.all()) yield described(prefix, record);
    },
    sweep,
  };
}
