import { connectionFields } from '../generated/abi.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import type { LiveConnection, RecordReader } from './connection-record.ts';
import { type Age, type ConnectionTable, ENTRY_BYTES, isLive } from './connection-tables.ts';
import type { FoundConnections } from './found-connections.ts';

/** What has become of a connection between two looks at the tables. `changed`: packets, its phase, proof, or its rule. */
export interface ConnectionChange {
  readonly event: 'new' | 'changed' | 'ended';
  readonly connection: LiveConnection;
}

/** The tables as they were: a copy, for the kernel goes on writing. */
interface Seen {
  /** Of the map: another one holds other connections. */
  readonly id: number;
  readonly age: Age;
  readonly tables: readonly ConnectionTable[];
  readonly read: RecordReader;
}

/** Compares each look with the one before. The first tells of nothing, but keeps what there is. */
export function createConnectionWatch(filter: ConnectionFilter = () => true) {
  let before: Seen | undefined;
  return (found: FoundConnections): ConnectionChange[] => {
    const seen = copy(found);
    const changes = before ? changesBetween(before, seen, filter) : [];
    before = seen;
    return changes;
  };
}

function copy(found: FoundConnections): Seen {
  const { tables: open, age, read, id } = found.look();
  using memory = open;
  const tables = memory.tables.map(({ isUnproven, tags, view }) => ({
    isUnproven,
    tags: tags.slice(),
    view: new DataView(view.buffer.slice(0, tags.length * ENTRY_BYTES)),
  }));
  return { id, age, tables, read };
}

function changesBetween(before: Seen, after: Seen, filter: ConnectionFilter): ConnectionChange[] {
  const [changed, begun, gone]: [ConnectionChange[], Map<string, Place>, Map<string, Place>] = [
    [],
    new Map(),
    new Map(),
  ];
  const isSame = before.id === after.id;
  for (const [index, table] of after.tables.entries()) {
    const old = before.tables[index] as ConnectionTable;
    const slots = Math.max(table.tags.length, isSame ? 0 : old.tags.length);
    for (let slot = 0; slot < slots; slot++) {
      const at = slot * ENTRY_BYTES;
      const [was, is] = [isLive(old, slot, before.age), isLive(table, slot, after.age)];
      if (!was && !is) continue;
      if (was && is && isSame && isSameConnection(old.view, table.view, at)) {
        if (hasMoved(old.view, table.view, at) && filter(table.view, at))
          changed.push(tell('changed', after, { table, at }));
        continue;
      }
      if (was && filter(old.view, at)) gone.set(keyOf(old.view, at), { table: old, at });
      if (is && filter(table.view, at)) begun.set(keyOf(table.view, at), { table, at });
    }
  }
  // What has proved itself has moved to the other table.
  for (const [key, place] of begun) changed.push(tell(gone.delete(key) ? 'changed' : 'new', after, place));
  for (const place of gone.values()) changed.push(tell('ended', before, place));
  return changed;
}

interface Place {
  readonly table: ConnectionTable;
  readonly at: number;
}

const tell = (event: ConnectionChange['event'], { read }: Seen, { table, at }: Place): ConnectionChange => ({
  event,
  connection: read(table.view, at, table.isUnproven),
});

const f = connectionFields;
/** Addresses, ports, protocol, traits of the family: what tells one connection from another, with when it began. */
const TUPLE_WORDS = [0, 8, 16, 24];

function isSameConnection(old: DataView, now: DataView, at: number): boolean {
  for (const word of TUPLE_WORDS)
    if (old.getBigUint64(at + word, true) !== now.getBigUint64(at + word, true)) return false;
  const word = f.dstPort.offset;
  return (
    old.getUint32(at + word, true) === now.getUint32(at + word, true) &&
    old.getUint8(at + f.protocol.offset) === now.getUint8(at + f.protocol.offset) &&
    old.getUint32(at + f.first.offset, true) === now.getUint32(at + f.first.offset, true)
  );
}

/** Packets that came, the phase and what was judged; not `last` alone, which a packet changes that is not counted. */
function hasMoved(old: DataView, now: DataView, at: number): boolean {
  if (old.getUint8(at + f.phase.offset) !== now.getUint8(at + f.phase.offset)) return true;
  for (let word = f.judged.offset; word < f.bytes.offset; word += 8) {
    if (old.getBigUint64(at + word, true) !== now.getBigUint64(at + word, true)) return true;
  }
  return false;
}

function keyOf(view: DataView, at: number): string {
  const words = TUPLE_WORDS.map((word) => view.getBigUint64(at + word, true));
  return [
    ...words,
    view.getUint32(at + f.dstPort.offset, true),
    view.getUint8(at + f.protocol.offset),
    view.getUint32(at + f.first.offset, true),
  ].join(' ');
}
