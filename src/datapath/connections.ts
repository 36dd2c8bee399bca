import {
  type Connection as ConnectionRecord,
  connectionCodec,
  Flow,
  GROUP_SLOTS,
  phaseNames,
  TAG_TAKEN,
  Turnover,
} from '../generated/abi.ts';
import { type MapHandle, mapMemory, typedPerCpuMap, u32, u64 } from '../kernel/index.ts';

/** The maps of connections, by name. */
export type ConnectionMaps = (name: string) => MapHandle;

/** A connection as the data plane has it: addresses and ports are those of its first packet. */
export interface Connection extends ConnectionRecord {
  /** Of enum phase, in kebab case. */
  readonly phaseName: string;
  /** It stands in the table of those whose source has not shown that it is there. */
  readonly isUnproven: boolean;
  readonly family: 4 | 6;
  readonly direction: 'inbound' | 'outbound';
  /** In its table. */
  readonly slot: number;
}

/** How full the tables are, and what has become of what was in them, since they were made. */
export interface TableUse {
  readonly used: number;
  readonly slots: number;
  readonly unprovenUsed: number;
  readonly unprovenSlots: number;
  readonly turnover: Readonly<Record<keyof typeof Turnover, number>>;
}

const tables = [
  { groups: 'connection_groups', slots: 'connections', isUnproven: false },
  { groups: 'unproven_groups', slots: 'unproven', isUnproven: true },
] as const;

/** All that stand in the tables, in no order; what goes or comes meanwhile may be among them or not. */
export function* readConnections(maps: ConnectionMaps): Generator<Connection> {
  for (const { groups, slots, isUnproven } of tables) {
    using tags = mapMemory(maps(groups), 'read');
    using entries = mapMemory(maps(slots), 'read');
    const view = new DataView(entries.buffer);
    for (const slot of takenSlots(tags.buffer, maps(groups).maxEntries)) {
      const record = connectionCodec.read(view, slot * connectionCodec.size);
      yield {
        ...record,
        phaseName: phaseNames[record.phase] ?? String(record.phase),
        isUnproven,
        family: record.traits & Flow.IPV6 ? 6 : 4,
        direction: record.traits & Flow.OUTBOUND ? 'outbound' : 'inbound',
        slot,
      };
    }
  }
}

export function readTableUse(maps: ConnectionMaps): TableUse {
  const count = (name: string): number => {
    using tags = mapMemory(maps(name), 'read');
    let taken = 0;
    for (const _ of takenSlots(tags.buffer, maps(name).maxEntries)) taken++;
    return taken;
  };
  const turnover = typedPerCpuMap(maps('turnover'), u32, u64);
  const sum = (entry: number): number => Number((turnover.lookup(entry) ?? []).reduce((total, one) => total + one, 0n));
  return {
    used: count('connection_groups'),
    slots: maps('connections').maxEntries,
    unprovenUsed: count('unproven_groups'),
    unprovenSlots: maps('unproven').maxEntries,
    turnover: Object.fromEntries(
      Object.entries(Turnover)
        .filter(([name]) => name !== 'MAX')
        .map(([name, entry]) => [name, sum(entry)]),
    ) as TableUse['turnover'],
  };
}

/** Byte n of a group's words is the tag of its slot n. */
function* takenSlots(buffer: ArrayBuffer, groups: number): Generator<number> {
  const tags = new Uint8Array(buffer, 0, groups * GROUP_SLOTS);
  for (let slot = 0; slot < tags.length; slot++) if ((tags[slot] as number) > TAG_TAKEN) yield slot;
}
