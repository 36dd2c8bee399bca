import { connectionCodec, connectionFields, Flow, GROUP_SLOTS, TAG_FREE, TAG_TAKEN } from '../generated/abi.ts';
import { type MapHandle, mapMemory } from '../kernel/index.ts';
import { groupOf, hashOf, type Tuple, tagOf } from './connection-hash.ts';
import { entryAccess } from './connection-layout.ts';
import type { StructLayout } from './counters.ts';
import { retag, tagWords } from './table-tags.ts';

/** A connection in memory of its own, as this version lays it out. */
export interface Entry {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * A table of connections that packets may be looking up and changing at the same time: tags are changed by compare and
 * exchange alone, and an entry is whole before its tag tells of it.
 */
export interface SlotTable {
  readonly slots: number;
  /** Slots with a connection. */
  taken(): Generator<number>;
  read(slot: number, into: Entry): void;
  write(slot: number, entry: Entry): void;
  /** The slot of the same connection, whichever way its first packet went; undefined where there is none. */
  find(entry: Entry, hash: bigint): number | undefined;
  /** Puts it into one of its two groups; undefined where both are full. */
  insert(entry: Entry, hash: bigint): number | undefined;
  /** Nobody looks anything up in it. */
  clear(): void;
  close(): void;
}

export function newEntry(): Entry {
  const bytes = new Uint8Array(connectionCodec.size);
  return { bytes, view: new DataView(bytes.buffer) };
}

const { srcHi, srcLo, dstHi, dstLo, dstPort, srcPort, protocol, traits } = connectionFields;

export function tupleOf({ view }: Entry): Tuple {
  return {
    srcHi: view.getBigUint64(srcHi.offset, true),
    srcLo: view.getBigUint64(srcLo.offset, true),
    dstHi: view.getBigUint64(dstHi.offset, true),
    dstLo: view.getBigUint64(dstLo.offset, true),
    srcPort: view.getUint16(srcPort.offset, true),
    dstPort: view.getUint16(dstPort.offset, true),
    protocol: view.getUint8(protocol.offset),
  };
}

export const entryHash = (entry: Entry, seed: bigint): bigint => hashOf(tupleOf(entry), seed);

const WORD_SLOTS = 8;

/** @param layout of its entries, which another version of Sluice may have made */
export function openSlotTable(groupMap: MapHandle, slotMap: MapHandle, layout: StructLayout): SlotTable {
  const groups = groupMap.maxEntries;
  const slots = groups * GROUP_SLOTS;
  const tagMemory = mapMemory(groupMap);
  const memory = mapMemory(slotMap);
  const words = tagWords(tagMemory.buffer, slots);
  const tags = new Uint8Array(tagMemory.buffer, 0, slots);
  const entries = new Uint8Array(memory.buffer);
  const access = entryAccess(layout);
  const other = newEntry();

  const room = (group: number): number => {
    let free = 0;
    for (let i = 0; i < GROUP_SLOTS; i++) if (tags[group * GROUP_SLOTS + i] === TAG_FREE) free++;
    return free;
  };

  return {
    slots,
    *taken() {
      for (let word = 0; word < words.length; word++) {
        if (words[word] === 0n) continue;
        for (let i = 0; i < WORD_SLOTS; i++) {
          const slot = word * WORD_SLOTS + i;
          if ((tags[slot] as number) > TAG_TAKEN) yield slot;
        }
      }
    },
    read: (slot, into) => access.read(entries, slot, into.bytes),
    write: (slot, entry) => access.write(entries, slot, entry.bytes),
    find(entry, hash) {
      const tag = tagOf(hash);
      for (const choice of [0, 1] as const) {
        const start = groupOf(hash, choice, groups) * GROUP_SLOTS;
        for (let slot = start; slot < start + GROUP_SLOTS; slot++) {
          if (tags[slot] !== tag) continue;
          access.read(entries, slot, other.bytes);
          if (isSame(entry, other)) return slot;
        }
      }
      return undefined;
    },
    insert(entry, hash) {
      const [one, two] = [groupOf(hash, 0, groups), groupOf(hash, 1, groups)];
      const order = room(two) > room(one) ? [two, one] : [one, two];
      for (const group of order) {
        for (let slot = group * GROUP_SLOTS; slot < (group + 1) * GROUP_SLOTS; slot++) {
          if (tags[slot] !== TAG_FREE || !retag(words, slot, TAG_FREE, TAG_TAKEN)) continue;
          access.write(entries, slot, entry.bytes);
          retag(words, slot, TAG_TAKEN, tagOf(hash));
          return slot;
        }
      }
      return undefined;
    },
    clear: () => words.fill(0n),
    close: () => {
      tagMemory.close();
      memory.close();
    },
  };
}

/** Of the same ends, either way round. */
function isSame(a: Entry, b: Entry): boolean {
  const [one, two] = [tupleOf(a), tupleOf(b)];
  const families = (a.view.getUint8(traits.offset) ^ b.view.getUint8(traits.offset)) & Flow.IPV6;
  if (one.protocol !== two.protocol || families !== 0) return false;
  const isOriginal =
    one.srcPort === two.srcPort &&
    one.dstPort === two.dstPort &&
    one.srcLo === two.srcLo &&
    one.dstLo === two.dstLo &&
    one.srcHi === two.srcHi &&
    one.dstHi === two.dstHi;
  const isReply =
    one.srcPort === two.dstPort &&
    one.dstPort === two.srcPort &&
    one.srcLo === two.dstLo &&
    one.dstLo === two.srcLo &&
    one.srcHi === two.dstHi &&
    one.dstHi === two.srcHi;
  return isOriginal || isReply;
}
