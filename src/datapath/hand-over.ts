import { connectionFields, GROUP_SLOTS } from '../generated/abi.ts';
import { mayLagBehind, mergeEntry } from './merge-entry.ts';
import type { Entry, SlotTable } from './slot-table.ts';
import { entryHash, newEntry } from './slot-table.ts';

export interface Tables {
  readonly proven: SlotTable;
  readonly unproven: SlotTable;
  close(): void;
}

/** Connections on their way from the tables of one generation into those of another. */
export interface HandOver {
  /**
   * Takes what there is, or what came or changed since the last time. `live`: packets go by the other tables meanwhile, so
   * that what these know of a connection is kept; otherwise it is as in the first ones from then on.
   */
  pass(live: boolean): void;
  /** Connections that there was no room for. */
  readonly leftOut: number;
}

export interface HandOverOptions {
  readonly seed: bigint;
  /** Asked for at the beginning of each pass. What is over stays behind. */
  readonly isOver: () => (entry: Entry) => boolean;
}

const { first, firstEra, packets, bytes } = connectionFields;

export function createHandOver(from: Tables, to: Tables, { seed, isOver }: HandOverOptions): HandOver {
  const [entry, there] = [newEntry(), newEntry()];
  const left = new Set<string>();
  const sources = (['proven', 'unproven'] as const).map((name) => ({ name, known: createKnown(from[name].slots) }));

  let isFirst = true;

  function pass(live: boolean): void {
    const isGone = isOver();
    for (const { name, known } of sources) {
      const slots = isFirst ? inOrder(from[name], to[name]) : from[name].taken();
      for (const slot of slots) take(name, known, slot, live, isGone);
    }
    isFirst = false;
  }

  function take(
    name: keyof Omit<Tables, 'close'>,
    known: Known,
    slot: number,
    live: boolean,
    isGone: (entry: Entry) => boolean,
  ): void {
    const source = from[name];
    source.read(slot, entry);
    const isKnown = known.first[slot] === entry.view.getUint32(first.offset, true) && known.places[slot] !== 0;
    if (isKnown && isUnchanged(entry, known, slot)) return;
    if (isGone(entry)) return;
    const hash = entryHash(entry, seed);
    const found = placeOf(entry, hash);
    if (found === undefined) {
      mayLagBehind(entry);
      const inserted = to[name].insert(entry, hash);
      const key = `${name} ${slot}`;
      if (inserted === undefined) left.add(key);
      else left.delete(key);
      if (inserted !== undefined) note(entry, known, slot);
      return;
    }
    if (live) {
      found.table.read(found.slot, there);
      mergeEntry(entry, there, isKnown ? countsOf(known, slot) : undefined);
      found.table.write(found.slot, there);
      note(entry, known, slot);
      return;
    }
    note(entry, known, slot);
    mayLagBehind(entry);
    found.table.write(found.slot, entry);
  }

  function placeOf(one: Entry, hash: bigint): { table: SlotTable; slot: number } | undefined {
    for (const table of [to.proven, to.unproven]) {
      const slot = table.find(one, hash);
      if (slot !== undefined) return { table, slot };
    }
    return undefined;
  }

  return {
    pass,
    get leftOut() {
      return left.size;
    },
  };
}

/** What was handed over of each slot: its counts, to tell what came since. */
interface Known {
  readonly first: Uint32Array;
  /** 1: handed over. */
  readonly places: Uint8Array;
  readonly counts: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
}

const createKnown = (slots: number): Known => ({
  first: new Uint32Array(slots),
  places: new Uint8Array(slots),
  counts: [new Float64Array(slots), new Float64Array(slots), new Float64Array(slots), new Float64Array(slots)],
});

const OFFSETS = [packets.offset, packets.offset + 8, bytes.offset, bytes.offset + 8];

/** A BigInt for each would cost more than all the rest. */
function countOf({ view }: Entry, i: number): number {
  const at = OFFSETS[i] as number;
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

const countsOf = ({ counts }: Known, slot: number): bigint[] => counts.map((one) => BigInt(one[slot] as number));

const isUnchanged = (entry: Entry, { counts }: Known, slot: number): boolean =>
  counts.every((one, i) => one[slot] === countOf(entry, i));

function note(entry: Entry, known: Known, slot: number): void {
  known.first[slot] = entry.view.getUint32(first.offset, true);
  known.places[slot] = 1;
  for (const [i, one] of known.counts.entries()) one[slot] = countOf(entry, i);
}

/** Tables filled further than that may lack room in a group: the oldest come first then. */
const SURELY_ENOUGH = 0.6;

function inOrder(from: SlotTable, to: SlotTable): Iterable<number> {
  if (from.slots <= to.slots) return from.taken();
  const slots = [...from.taken()];
  if (slots.length < to.slots * SURELY_ENOUGH && to.slots > GROUP_SLOTS) return slots;
  const entry = newEntry();
  const ages = new Map(
    slots.map((slot) => {
      from.read(slot, entry);
      const { view } = entry;
      return [slot, view.getUint8(firstEra.offset) * 2 ** 32 + view.getUint32(first.offset, true)];
    }),
  );
  return slots.sort((a, b) => (ages.get(a) as number) - (ages.get(b) as number));
}
