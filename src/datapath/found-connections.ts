import { SluiceError } from '../diagnostics/problem.ts';
import { connectionFields } from '../generated/abi.ts';
import { listInterfaces, type MapHandle, openPinnedMap } from '../kernel/index.ts';
import { readJiffies } from '../kernel/jiffies.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { connectionLayout } from './connection-layout.ts';
import { createRecordReader, type LiveConnection, type RecordReader } from './connection-record.ts';
import {
  type Age,
  type ConnectionTable,
  ENTRY_BYTES,
  idleTicks,
  isLive,
  liveSlots,
  type OpenTables,
  openTables,
} from './connection-tables.ts';
import { type ConnectionsUse, readAge, readUse } from './connection-use.ts';
import { isOwnLayout } from './counters.ts';
import { killIn } from './kill-connections.ts';
import type { GenerationState } from './state.ts';

/** By what connections are sorted: what is most comes first. */
export const CONNECTION_ORDERS = ['bytes', 'packets', 'age', 'idle', 'last'] as const;
export type ConnectionOrder = (typeof CONNECTION_ORDERS)[number];

/** The tables of what is in force, by whatever process. */
export interface FoundConnections extends Disposable {
  use(): ConnectionsUse;
  /** Those that are live. Of a million, one at a time is in memory; sorted, twelve bytes of each. */
  list(wanted?: { readonly filter?: ConnectionFilter; readonly by?: ConnectionOrder }): Generator<LiveConnection>;
  /** Marks them so that their packets are dropped. How many were live and not marked yet. */
  kill(filter?: ConnectionFilter): Promise<number>;
  /** For who compares the tables with what they were. */
  look(): { readonly tables: OpenTables; readonly age: Age; readonly read: RecordReader; readonly id: number };
}

/**
 * @param pinOf where a map is pinned
 * @throws SluiceError datapath/other-connections
 */
export function foundConnections(judge: GenerationState, pinOf: (map: string) => string): FoundConnections | undefined {
  if (!judge.connections) return undefined;
  if (!isOwnLayout(judge.connections.layout, connectionLayout)) throw otherLayout();
  const { room } = judge.connections;
  const open = new Map<string, MapHandle>();
  const maps = (name: string): MapHandle => {
    const map = open.get(name) ?? openPinnedMap(pinOf(name));
    open.set(name, map);
    return map;
  };
  const look: FoundConnections['look'] = () => {
    const [age, jiffies] = [readAge(maps('tracking')), readJiffies()];
    const interfaces = new Map(listInterfaces().map(({ index, name }) => [index, name]));
    const now = Number(BigInt.asUintN(32, jiffies.now));
    const read = createRecordReader({ judge, age: { ...age, now }, jiffies, interfaces });
    return { tables: openTables(maps), age: { ...age, now }, read, id: maps('connections').id };
  };
  return {
    use: () => readUse(maps, room),
    *list({ filter, by } = {}) {
      const { tables, age, read } = look();
      using memory = tables;
      for (const [table, slot] of by ? sorted(memory, age, by, filter) : all(memory, age, filter)) {
        if (isLive(table, slot, age)) yield read(table.view, slot * ENTRY_BYTES, table.isUnproven);
      }
    },
    kill: (filter = () => true) => killIn(maps, filter),
    look,
    [Symbol.dispose]() {
      for (const map of open.values()) map.close();
      open.clear();
    },
  };
}

function otherLayout(): SluiceError {
  const message = 'the tables of connections in force are those of another version of Sluice';
  return new SluiceError({ code: 'datapath/other-connections', message });
}

type Place = readonly [table: ConnectionTable, slot: number];

function* all({ tables }: OpenTables, age: Age, filter?: ConnectionFilter): Generator<Place> {
  for (const table of tables) {
    for (const slot of liveSlots(table, age)) {
      if (!filter || filter(table.view, slot * ENTRY_BYTES)) yield [table, slot];
    }
  }
}

/** Only keys and places are kept: what is at a place when its turn comes is read then. */
function sorted(
  memory: OpenTables,
  age: Age,
  by: ConnectionOrder,
  filter?: ConnectionFilter,
): Place[] | Generator<Place> {
  let count = 0;
  let keys = new Float64Array(1024);
  let places = new Uint32Array(1024);
  const [first] = memory.tables;
  for (const [table, slot] of all(memory, age, filter)) {
    if (count === keys.length) [keys, places] = [grown(keys), grown(places)];
    keys[count] = keyOf(table.view, slot * ENTRY_BYTES, by, age.now);
    places[count++] = slot + (table.isUnproven ? (first?.tags.length ?? 0) : 0);
  }
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  order.sort((a, b) => (keys[b] as number) - (keys[a] as number));
  return placesOf(memory, places, order);
}

function* placesOf({ tables }: OpenTables, places: Uint32Array, order: Uint32Array): Generator<Place> {
  const [proven, unproven] = tables as readonly [ConnectionTable, ConnectionTable];
  for (const index of order) {
    const place = places[index] as number;
    yield place < proven.tags.length ? [proven, place] : [unproven, place - proven.tags.length];
  }
}

function grown<T extends Float64Array | Uint32Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(array.length * 2);
  larger.set(array);
  return larger;
}

const f = connectionFields;

function keyOf(view: DataView, at: number, by: ConnectionOrder, now: number): number {
  switch (by) {
    case 'bytes':
      return bothWays(view, at + f.bytes.offset);
    case 'packets':
      return bothWays(view, at + f.packets.offset);
    case 'age':
      return -(view.getUint8(at + f.firstEra.offset) * 2 ** 32 + view.getUint32(at + f.first.offset, true));
    case 'idle':
      return idleTicks(view, at, now);
    case 'last':
      return -idleTicks(view, at, now);
  }
}

const bothWays = (view: DataView, at: number): number =>
  Number(view.getBigUint64(at, true) + view.getBigUint64(at + 8, true));
