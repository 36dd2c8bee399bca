import { connectionCodec, connectionFields, GROUP_SLOTS, TAG_TAKEN } from '../generated/abi.ts';
import { type MapHandle, mapMemory } from '../kernel/index.ts';

/** One of the two tables, in memory that the kernel writes at the same time. */
export interface ConnectionTable {
  /** Of those whose source has not shown that it is there. */
  readonly isUnproven: boolean;
  /** One for each slot: above TAG_TAKEN, a connection is there. */
  readonly tags: Uint8Array;
  /** Slot n is at n times ENTRY_BYTES. */
  readonly view: DataView;
}

export const ENTRY_BYTES = connectionCodec.size;

const MAPS = [
  { groups: 'connection_groups', slots: 'connections', isUnproven: false },
  { groups: 'unproven_groups', slots: 'unproven', isUnproven: true },
] as const;

/** Both tables, and what gives their memory back. */
export interface OpenTables {
  readonly tables: readonly ConnectionTable[];
  [Symbol.dispose](): void;
}

/** @param maps by name */
export function openTables(maps: (name: string) => MapHandle, access: 'read' | 'write' = 'read'): OpenTables {
  const open: { [Symbol.dispose](): void }[] = [];
  const close = (): void => {
    for (const memory of open.splice(0)) memory[Symbol.dispose]();
  };
  const memoryOf = (name: string, how: 'read' | 'write'): ArrayBuffer => {
    const memory = mapMemory(maps(name), how);
    open.push(memory);
    return memory.buffer;
  };
  try {
    const tables = MAPS.map(({ groups, slots, isUnproven }) => ({
      isUnproven,
      tags: new Uint8Array(memoryOf(groups, 'read'), 0, maps(groups).maxEntries * GROUP_SLOTS),
      view: new DataView(memoryOf(slots, access)),
    }));
    return { tables, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/** What a connection's age is told by: the count of jiffies, and how long each phase may be without a packet. */
export interface Age {
  /** The low 32 bits. */
  readonly now: number;
  /** By enum phase, in jiffies. */
  readonly timeouts: readonly number[];
}

/** Of packets that came after `now` was read: they are not idle for ages, but for none. */
const LATER = 2 ** 32 - 2 ** 20;

const { last, phase } = connectionFields;

/** Jiffies since its last packet. */
export function idleTicks(view: DataView, at: number, now: number): number {
  const idle = (now - view.getUint32(at + last.offset, true)) >>> 0;
  return idle >= LATER ? 0 : idle;
}

/** Whether a connection is in the slot, and is not over: what is over stays there until its slot is wanted. */
export function isLive({ tags, view }: ConnectionTable, slot: number, { now, timeouts }: Age): boolean {
  if ((tags[slot] as number) <= TAG_TAKEN) return false;
  const at = slot * ENTRY_BYTES;
  return idleTicks(view, at, now) <= (timeouts[view.getUint8(at + phase.offset)] ?? -1);
}

/** The slots of those that are live. */
export function* liveSlots(table: ConnectionTable, age: Age): Generator<number> {
  const { tags } = table;
  for (let slot = 0; slot < tags.length; slot++)
    if ((tags[slot] as number) > TAG_TAKEN && isLive(table, slot, age)) yield slot;
}
