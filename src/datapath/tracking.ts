import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GROUP_SLOTS, phaseNames, trackingCodec, trackingFields } from '../generated/abi.ts';
import { BPF_F_MMAPABLE, createMapHandle, type MapHandle, mapMemory, u32 } from '../kernel/index.ts';
import { jiffiesClock } from '../kernel/jiffies-clock.ts';
import type { CheckedConnections, CheckedPolicy } from '../policy/checked.ts';
import { connectionLayout } from './connection-layout.ts';
import { isOwnLayout } from './counters.ts';
import type { GenerationState } from './state.ts';

type Tables = NonNullable<GenerationState['connections']>;

/** The maps of connections, which generations share. */
export const CONNECTION_MAPS: ReadonlySet<string> = new Set([
  'connection_groups',
  'connections',
  'unproven_groups',
  'unproven',
  'turnover',
]);

/** Slots for each connection that there is to be room for: with two groups to choose from, one that is full is rare then. */
const SLOTS_PER_CONNECTION = 1.4;

/** How many groups of slots the tables have; one each where nothing is tracked. */
export function groupsOf(connections: CheckedConnections | undefined): { proven: number; unproven: number } {
  const groups = (entries: number): number => Math.ceil((entries * SLOTS_PER_CONNECTION) / GROUP_SLOTS);
  return connections
    ? { proven: groups(connections.size), unproven: groups(connections.unproven) }
    : { proven: 1, unproven: 1 };
}

/** Entries of a map of connections. */
export function connectionEntries(connections: CheckedConnections | undefined, name: string): number | undefined {
  const { proven, unproven } = groupsOf(connections);
  const entries: Readonly<Record<string, number>> = {
    connection_groups: proven,
    connections: proven * GROUP_SLOTS,
    unproven_groups: unproven,
    unproven: unproven * GROUP_SLOTS,
  };
  return entries[name];
}

/** What is written down of the tables of a generation, so that a later one knows whether it can go on with them. */
export function describeTables({ connections }: CheckedPolicy): { connections?: Tables } {
  if (!connections) return {};
  const { size, unproven } = connections;
  return { connections: { ...groupsOf(connections), room: { proven: size, unproven }, layout: connectionLayout } };
}

/** Whether a generation of this policy can go on with the tables of an earlier one: of the same sizes, and laid out as here. */
export function goesOnWithTables(before: Tables | undefined, { connections }: CheckedPolicy): boolean {
  if (!before || !connections) return false;
  const { proven, unproven } = groupsOf(connections);
  return before.proven === proven && before.unproven === unproven && isOwnLayout(before.layout, connectionLayout);
}

/** Whether an observer of this policy can look into them: whatever their sizes are, it puts nothing in. */
export const observesTables = (before: Tables | undefined, { connections }: CheckedPolicy): before is Tables =>
  before !== undefined && connections !== undefined && isOwnLayout(before.layout, connectionLayout);

/** Of this boot: generations find each other's connections by it, and who sends packets does not know it. */
export function hashSeed(): bigint {
  const id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').replaceAll(/[^0-9a-f]/g, '');
  return BigInt(`0x${id.slice(0, 16)}`);
}

/** The map `tracking` of a generation. */
export function createTracking(connections: CheckedConnections | undefined): MapHandle {
  const { perSecond } = jiffiesClock();
  const map = createMapHandle({
    type: 'array',
    name: 'tracking',
    keySize: u32.size,
    valueSize: trackingCodec.size,
    maxEntries: 1,
    flags: BPF_F_MMAPABLE,
  });
  const names = Object.values(phaseNames).map(camelCase) as (keyof CheckedConnections['timeoutsMs'])[];
  const timeouts = names.map((name) => Math.ceil(((connections?.timeoutsMs[name] ?? 0) * perSecond) / 1000));
  try {
    using memory = mapMemory(map);
    trackingCodec.write(new DataView(memory.buffer), 0, {
      epoch: freshEpoch(),
      jiffyNs: Math.round(1e9 / perSecond),
      timeouts,
    });
    return map;
  } catch (error) {
    map.close();
    throw error;
  }
}

/** What has judged so far judges otherwise from now on: all connections are judged again at their next packet. */
export function beginEpoch(map: MapHandle): void {
  using memory = mapMemory(map);
  new DataView(memory.buffer).setUint32(trackingFields.epoch.offset, freshEpoch(), true);
}

/** At random: that two are the same which both are remembered by a connection does not happen. */
const freshEpoch = (): number => randomInt(1, 2 ** 32);

const camelCase = (name: string): string => name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
