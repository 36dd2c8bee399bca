import { type RecordOptions, recordLayout } from '../prefix-set/record.ts';
import { walkMembers } from '../prefix-set/walk.ts';
import { jiffiesClock } from './jiffies-clock.ts';
import type { MapHandle } from './map/handle.ts';
import { mapMemory } from './map/map-memory.ts';
import type { Prefix, PrefixSet, SetMember, SetMemory } from './prefix-set.ts';

/** A set as its map had it at one moment. */
export interface PrefixSetContent {
  /** In the order of their addresses. */
  readonly members: readonly SetMember[];
  readonly memory: SetMemory;
}

/**
 * Reads the map of a set, which another process may have made and may be changing. A set without records tells the
 * members that lie in no other. What has expired is left out.
 */
export function readPrefixSet(map: MapHandle, family: 'v4' | 'v6', records: RecordOptions = {}): PrefixSetContent {
  const words = snapshot(map);
  const addressBits = family === 'v4' ? 32 : 128;
  const { counters = false, timeToLive = false } = records;
  const layout = counters || timeToLive ? recordLayout(addressBits, records) : undefined;
  const now = timeToLive ? jiffiesClock().now() : 0n;
  const members: SetMember[] = [];
  let used = 1;
  const see = (count: number): void => {
    used += count;
  };
  for (const { prefix, record } of walkMembers(words, addressBits, layout, see)) {
    const word = (at: number): bigint => words[record + at] ?? 0n;
    const expiry = layout && timeToLive ? word(layout.expiry) : 0n;
    if (expiry !== 0n && expiry <= now) continue;
    members.push({
      ...prefix,
      ...(expiry !== 0n && { ttlMs: jiffiesClock().until(expiry) }),
      ...(layout && counters && { counter: { packets: word(layout.packets), bytes: word(layout.bytes) } }),
    });
  }
  const bytes = used * 8;
  return { members, memory: { used: bytes, limit: map.valueSize, perMember: bytes / Math.max(1, members.length) } };
}

/** The members of a set with records as they are now, expired ones included, however it changes while they are gone over. */
export function* entriesOfNow({ map, family, records }: PrefixSet): Generator<Prefix> {
  const addressBits = family === 'v4' ? 32 : 128;
  for (const { prefix } of walkMembers(snapshot(map), addressBits, recordLayout(addressBits, records))) yield prefix;
}

/** All of it at once: in memory that changes, a walk could lose its way. */
function snapshot(map: MapHandle): BigUint64Array {
  using memory = mapMemory(map, 'read');
  return new BigUint64Array(memory.buffer, 0, map.valueSize / 8).slice();
}
