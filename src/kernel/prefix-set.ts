import { SluiceError } from '../diagnostics/problem.ts';
import { columnsOfRanges, type Prefix, type PrefixColumns } from '../prefix-set/columns.ts';
import { createMutableSet, OutOfRoom } from '../prefix-set/mutable.ts';
import type { AddressRanges } from '../prefix-set/ranges.ts';
import type { RecordOptions } from '../prefix-set/record.ts';
import { createRecordSet, type MemberCounter } from '../prefix-set/record-set.ts';
import { jiffiesClock } from './jiffies-clock.ts';
import { createMapHandle, type MapHandle } from './map/handle.ts';
import { mapMemory } from './map/map-memory.ts';
import { createSlices } from './slices.ts';
import { BPF_F_MMAPABLE } from './system/uapi-bpf.ts';

export type { Prefix, PrefixColumns } from '../prefix-set/columns.ts';
export type { MemberCounter } from '../prefix-set/record-set.ts';

export interface PrefixSetOptions extends RecordOptions {
  /** Of the map. */
  readonly name: string;
  readonly family: 'v4' | 'v6';
  /**
   * Members at first: built in one go, which takes a microsecond or two for each. Millions are better given in columns,
   * or as ranges, than with an object each.
   */
  readonly prefixes?: readonly Prefix[] | PrefixColumns | AddressRanges;
  /** Milliseconds until the first members are no longer found; for ever where left out. Needs `timeToLive`. */
  readonly ttlMs?: number;
  /** Bytes of the map, a power of two, 512 MiB at most; what more would take is refused. Default: 64 MiB. */
  readonly memory?: number;
}

/** A member as it is kept. */
export interface SetMember extends Prefix {
  /** Milliseconds until it is no longer found: 0 where it is not any more, left out where it stays. */
  readonly ttlMs?: number;
  /** Of a set with `counters`. */
  readonly counter?: MemberCounter;
}

export interface AddOptions {
  /** Milliseconds until it is no longer found; for ever where left out. Needs `timeToLive`. */
  readonly ttlMs?: number;
}

export interface SetMemory {
  /** Bytes that hold members and the ways to them. */
  readonly used: number;
  /** Bytes of the map. */
  readonly limit: number;
  readonly perMember: number;
}

/**
 * IPv4 or IPv6 prefixes in an array map, which programs look up by `emitSetLookup` while they change: a change takes
 * microseconds, and no program misses a member meanwhile. Prefixes may lie in one another: the longest that has not
 * expired is the one that is found, and counts.
 *
 * What has no room throws SluiceError kernel/set-full, and then nothing has changed.
 */
export interface PrefixSet {
  /** An array with one value. */
  readonly map: MapHandle;
  readonly family: 'v4' | 'v6';
  /** Words of 8 bytes in the value: what `emitSetLookup` wants to know, with `records`. */
  readonly capacity: number;
  readonly records: RecordOptions;
  /** Members, with those that have expired and that no `sweep` has taken out. */
  readonly size: number;
  /** Words of 8 bytes in use. */
  readonly used: number;
  readonly memory: SetMemory;
  /** False where it is a member already; then its time begins anew. */
  add(prefix: Prefix, options?: AddOptions): boolean;
  /** Adds one after the other, and lets the event loop go on every few milliseconds. How many were no members. */
  addAll(prefixes: Iterable<Prefix>, options?: AddOptions & { readonly sliceMs?: number }): Promise<number>;
  /** False where it is no member. */
  delete(prefix: Prefix): boolean;
  has(prefix: Prefix): boolean;
  /** Whether some member covers the address. */
  covers(address: bigint): boolean;
  /** Packets and bytes that found this member; undefined where it is none, or nothing is counted. */
  counterOf(prefix: Prefix): MemberCounter | undefined;
  /** When it is no longer found: undefined where it is no member, or stays. */
  expiryOf(prefix: Prefix): Date | undefined;
  /** All members, in no order. */
  entries(): Generator<SetMember>;
  /**
   * Takes out members that have expired, so that their room is free, for that long at most; how many. Programs do not
   * find them anyway: every few seconds is often enough.
   */
  sweep(maxMs?: number): number;
  close(): void;
  [Symbol.dispose](): void;
}

const DEFAULT_BYTES = 64 * 2 ** 20;
const WORD_BYTES = 8;
const SLICE_MS = 5;
const addressBits = { v4: 32, v6: 128 } as const;

/** @throws SluiceError kernel/set-full where the members do not fit, SystemCallError where the kernel gives no such map */
export function createPrefixSet(options: PrefixSetOptions): PrefixSet {
  const { name, family, memory = DEFAULT_BYTES, counters = false, timeToLive = false } = options;
  const shape = { keySize: 4, valueSize: memory, maxEntries: 1, flags: BPF_F_MMAPABLE };
  const map = createMapHandle({ type: 'array', name, ...shape });
  try {
    const mapped = mapMemory(map);
    const words = new BigUint64Array(mapped.buffer, 0, memory / WORD_BYTES);
    const set = explainRoom(name, memory, () => createMembers(words, options));
    const close = (): void => {
      mapped.close();
      map.close();
    };
    const add = (prefix: Prefix, { ttlMs }: AddOptions = {}): boolean =>
      explainRoom(name, memory, () => set.add(prefix, expiryAfter(ttlMs, timeToLive)));
    return {
      map,
      family,
      capacity: set.capacity,
      records: { counters, timeToLive },
      get size() {
        return set.size;
      },
      get used() {
        return set.used;
      },
      get memory() {
        const used = set.used * WORD_BYTES;
        return { used, limit: memory, perMember: set.size === 0 ? 0 : used / set.size };
      },
      add,
      async addAll(prefixes, { sliceMs = SLICE_MS, ...added } = {}) {
        let count = 0;
        const slices = createSlices(sliceMs);
        for (const prefix of prefixes) {
          if (add(prefix, added)) count++;
          if (slices.isOver()) await slices.next();
        }
        return count;
      },
      delete: (prefix) => explainRoom(name, memory, () => set.delete(prefix)),
      has: set.has,
      covers: set.covers,
      counterOf: (prefix) => (counters ? set.member(prefix)?.counter : undefined),
      expiryOf(prefix) {
        const expiry = set.member(prefix)?.expiry ?? 0n;
        return expiry === 0n ? undefined : new Date(Date.now() + jiffiesClock().until(expiry));
      },
      *entries() {
        for (const { address, length, expiry, counter } of set.entries()) {
          const ttlMs = expiry === 0n ? undefined : jiffiesClock().until(expiry);
          yield { address, length, ...(ttlMs !== undefined && { ttlMs }), ...(counters && { counter }) };
        }
      },
      sweep: (maxMs = SLICE_MS) => set.sweep(maxMs),
      close,
      [Symbol.dispose]: close,
    };
  } catch (error) {
    map.close();
    throw error;
  }
}

type Members = Pick<
  ReturnType<typeof createRecordSet>,
  'size' | 'used' | 'capacity' | 'add' | 'delete' | 'has' | 'covers' | 'member' | 'entries' | 'sweep'
>;

/** With records or without, as asked for. */
function createMembers(words: BigUint64Array, options: PrefixSetOptions): Members {
  const { family, prefixes = [], counters = false, timeToLive = false, ttlMs } = options;
  const bits = addressBits[family];
  const first = 'v4' in prefixes ? columnsOfRanges(prefixes, bits) : prefixes;
  if (counters || timeToLive) {
    const expiry = expiryAfter(ttlMs, timeToLive);
    const ticks = timeToLive ? jiffiesClock() : { now: () => 0n, perSecond: 1 };
    return createRecordSet(words, bits, first, { counters, timeToLive, ticks, expiry });
  }
  expiryAfter(ttlMs, timeToLive);
  const set = createMutableSet(words, bits, first);
  const none = { expiry: 0n, counter: { packets: 0n, bytes: 0n } };
  return {
    get size() {
      return set.size;
    },
    get used() {
      return set.used;
    },
    capacity: set.capacity,
    add: set.add,
    delete: set.delete,
    has: set.has,
    covers: set.covers,
    member: (prefix) => (set.has(prefix) ? { ...prefix, ...none } : undefined),
    *entries() {
      for (const prefix of set.entries()) yield { ...prefix, ...none };
    },
    sweep: () => 0,
  };
}

function expiryAfter(ttlMs: number | undefined, timeToLive: boolean): bigint {
  if (ttlMs === undefined) return 0n;
  if (!timeToLive) throw new TypeError('ttlMs is for a set that was created with timeToLive: true');
  return jiffiesClock().after(ttlMs);
}

function explainRoom<T>(name: string, memory: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof OutOfRoom)) throw error;
    const message = `the prefix set "${name}" is full: its ${memory.toLocaleString('en')} bytes have no room for more`;
    throw new SluiceError({ code: 'kernel/set-full', message }, { cause: error });
  }
}
