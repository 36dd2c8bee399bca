import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { type MapHandle, openPinnedMap } from '../kernel/index.ts';
import { connectionLayout } from './connection-layout.ts';
import type { StructLayout } from './counters.ts';
import type { Generation } from './generation.ts';
import { createHandOver, type HandOver, type Tables } from './hand-over.ts';
import { isOverBy } from './over.ts';
import { type Paths, pinName } from './paths.ts';
import { seedConnections } from './seed-connections.ts';
import { openSlotTable } from './slot-table.ts';
import type { GenerationState } from './state.ts';
import { hashSeed } from './tracking.ts';

/** The way of the connections into the tables of a generation that goes live. */
export interface TablesHandedOver {
  /** Takes what there is or has changed. `live`: packets go by the new tables already. */
  pass(live: boolean): void;
  warnings(): readonly Problem[];
  close(): void;
}

type MapsByName = (name: string) => MapHandle | undefined;

/** Undefined where the maps are not there. */
export function openSlotTables(maps: MapsByName, layout: StructLayout): Tables | undefined {
  const [provenGroups, proven] = [maps('connection_groups'), maps('connections')];
  const [unprovenGroups, unproven] = [maps('unproven_groups'), maps('unproven')];
  if (!provenGroups || !proven || !unprovenGroups || !unproven) return undefined;
  const one = openSlotTable(provenGroups, proven, layout);
  const two = openSlotTable(unprovenGroups, unproven, layout);
  return {
    proven: one,
    unproven: two,
    close: () => {
      one.close();
      two.close();
    },
  };
}

/** The maps of a generation by their pins: they are closed with `close`. */
export function pinnedMaps(
  paths: Paths,
  { generation }: GenerationState,
): { readonly maps: MapsByName; close(): void } {
  const open = new Map<string, MapHandle>();
  return {
    maps: (name) => {
      const pin = join(paths.maps(generation), pinName(name));
      if (!open.has(name) && existsSync(pin)) open.set(name, openPinnedMap(pin));
      return open.get(name);
    },
    close: () => {
      for (const map of open.values()) map.close();
    },
  };
}

/**
 * Of a generation whose tables are not those of the one before: that one's connections go over; where there are none,
 * those of this host's sockets do. Undefined where it goes on with the tables, or has none.
 * @param again it has been in force before, and its tables hold what there was then
 */
export function handTablesOver(
  { maps, compiled }: Generation,
  before: GenerationState | undefined,
  paths: Paths,
  again: boolean,
): TablesHandedOver | undefined {
  if (!compiled.plan.policy.connections) return undefined;
  const own: MapsByName = (name) => maps.get('xdp', name);
  const earlier = before?.connections && { ...pinnedMaps(paths, before), layout: before.connections.layout };
  if (earlier?.maps('connections')?.id === own('connections')?.id) {
    earlier?.close();
    return undefined;
  }
  const to = openSlotTables(own, connectionLayout) as Tables;
  if (again) {
    to.proven.clear();
    to.unproven.clear();
  }
  const from = earlier && openSlotTables(earlier.maps, earlier.layout);
  const over = from && between(from, to, own('tracking') as MapHandle);
  let unseeded = 0;
  return {
    pass: (live) => {
      if (over) over.pass(live);
      else unseeded = seedConnections(to, hashSeed());
    },
    warnings: () => leftOutWarnings((over?.leftOut ?? 0) + unseeded),
    close: () => {
      from?.close();
      to.close();
      earlier?.close();
    },
  };
}

export const between = (from: Tables, to: Tables, tracking: MapHandle): HandOver =>
  createHandOver(from, to, { seed: hashSeed(), isOver: () => isOverBy(tracking) });

function leftOutWarnings(count: number): readonly Problem[] {
  if (count === 0) return [];
  const message = `the new tables have no room for ${count.toLocaleString('en')} of the connections: they are judged as new ones`;
  return [{ code: 'datapath/connections-left-out', severity: 'warning', message }];
}

/** The connections of a policy that was on trial with tables of its own, on their way back into those of the one before. */
export function tablesBack(
  paths: Paths,
  after: GenerationState,
  before: GenerationState,
): TablesHandedOver | undefined {
  if (!after.connections || !before.connections) return undefined;
  const [source, target] = [pinnedMaps(paths, after), pinnedMaps(paths, before)];
  const closeMaps = (): void => {
    source.close();
    target.close();
  };
  const [theirs, own] = [source.maps('connections'), target.maps('connections')];
  const tracking = target.maps('tracking');
  if (!theirs || !own || !tracking || theirs.id === own.id) {
    closeMaps();
    return undefined;
  }
  const from = openSlotTables(source.maps, after.connections.layout) as Tables;
  const to = openSlotTables(target.maps, before.connections.layout) as Tables;
  const { pass } = between(from, to, tracking);
  return {
    pass,
    warnings: () => [],
    close: () => {
      from.close();
      to.close();
      closeMaps();
    },
  };
}
