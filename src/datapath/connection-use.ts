import type { Problem } from '../diagnostics/problem.ts';
import { TAG_TAKEN, Turnover, trackingCodec } from '../generated/abi.ts';
import { type MapHandle, mapMemory, typedPerCpuMap, u32, u64 } from '../kernel/index.ts';
import { jiffiesClock } from '../kernel/jiffies-clock.ts';
import { type Age, liveSlots, openTables } from './connection-tables.ts';

/** Of one table. */
export interface TableUse {
  /** For how many connections there is room, as the policy has it. The table holds some more, which cannot be counted on. */
  readonly size: number;
  /** Connections in it that are not over. */
  readonly used: number;
  /** From four fifths on. */
  readonly nearlyFull: boolean;
  /** How many have gone for newer ones, since the table was made. */
  readonly evicted: number;
  /** How many could not begin, for there was no room. */
  readonly refused: number;
}

/** How full the tables are, and what has become of what was in them. */
export interface ConnectionsUse {
  readonly proven: TableUse;
  readonly unproven: TableUse;
  /** Since the tables were made: connections that have begun, and those that have proved themselves after it. */
  readonly begun: number;
  readonly proved: number;
}

/** For how many connections the tables have room. */
export interface Room {
  readonly proven: number;
  readonly unproven: number;
}

/** What a generation tells the age of connections by. */
export function readAge(tracking: MapHandle): Age & { readonly epoch: number } {
  using memory = mapMemory(tracking, 'read');
  const { epoch, timeouts } = trackingCodec.read(new DataView(memory.buffer), 0);
  return { epoch, timeouts, now: Number(BigInt.asUintN(32, jiffiesClock().now())) };
}

/** @param maps of a generation, by name */
export function readUse(maps: (name: string) => MapHandle, room: Room): ConnectionsUse {
  using open = openTables(maps);
  const age = readAge(maps('tracking'));
  const used = open.tables.map((table) => {
    let live = 0;
    for (const _ of liveSlots(table, age)) live++;
    return live;
  });
  const turnover = typedPerCpuMap(maps('turnover'), u32, u64);
  const sum = (entry: number): number => Number((turnover.lookup(entry) ?? []).reduce((total, one) => total + one, 0n));
  const useOf = (size: number, live: number | undefined, evicted: number, refused: number): TableUse => ({
    size,
    used: live ?? 0,
    nearlyFull: (live ?? 0) >= NEARLY_FULL * size,
    evicted: sum(evicted),
    refused: sum(refused),
  });
  return {
    proven: useOf(room.proven, used[0], Turnover.EVICTED, Turnover.REFUSED),
    unproven: useOf(room.unproven, used[1], Turnover.EVICTED_UNPROVEN, Turnover.REFUSED_UNPROVEN),
    begun: sum(Turnover.CREATED),
    proved: sum(Turnover.PROVED),
  };
}

/** From which share on a table is told to be nearly full. */
export const NEARLY_FULL = 0.8;

/** Whether a table may be nearly full: over or not, so many connections are in it. Reads a byte a slot. */
export function mayBeNearlyFull(maps: (name: string) => MapHandle, room: Room): boolean {
  using open = openTables(maps);
  return open.tables.some(({ isUnproven, tags }) => {
    let taken = 0;
    for (let slot = 0; slot < tags.length; slot++) if ((tags[slot] as number) > TAG_TAKEN) taken++;
    return taken >= NEARLY_FULL * (isUnproven ? room.unproven : room.proven);
  });
}

/** A warning for each table that is. */
export function nearlyFull({ proven, unproven }: ConnectionsUse): Problem[] {
  const tables = [
    { what: 'the table of connections', key: 'connections.size', ...proven },
    { what: 'the table of connections that have proved nothing yet', key: 'connections.unproven', ...unproven },
  ];
  return tables
    .filter((table) => table.nearlyFull)
    .map(({ what, key, used, size }) => ({
      code: 'datapath/connections-nearly-full',
      severity: 'warning',
      message: `${what} is ${Math.min(100, Math.floor((100 * used) / size))}% full: ${used} of ${size} (\`${key}\`)`,
    }));
}
