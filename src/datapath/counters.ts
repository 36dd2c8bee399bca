import {
  type Counter,
  counterCodec,
  counterFields,
  FIRST_RULE,
  packetCodec,
  packetFields,
  Reason,
  reasonNames,
} from '../generated/abi.ts';
import { type MapHandle, type MapMemory, mapMemory, possibleCpus } from '../kernel/index.ts';
import { readJiffies } from '../kernel/jiffies.ts';
import type { CheckedPolicy, TerminalAction } from '../policy/checked.ts';
import type { WindowState } from './windows.ts';

/** What of a policy its counters speak of. */
export interface CountedPolicy {
  /** By their places in the map `counters`, behind the reasons. */
  readonly rules: readonly CountedRule[];
  readonly defaults: { readonly ingress: TerminalAction; readonly egress: TerminalAction };
  readonly malformed: CheckedPolicy['malformed'];
  /** How its counters lie in memory; as this version has them where left out. */
  readonly layouts?: Layouts;
}

export interface StructLayout {
  readonly size: number;
  /** Offsets by name. */
  readonly fields: Readonly<Record<string, number>>;
}

/** How what programs write and others read lies in memory: another version of Sluice may have put it in force. */
export interface Layouts {
  readonly counter: StructLayout;
  readonly packet: StructLayout;
}

const offsetsOf = (fields: Readonly<Record<string, { readonly offset: number }>>): Record<string, number> =>
  Object.fromEntries(Object.entries(fields).map(([name, { offset }]) => [name, offset]));

/** Those of this version. */
export const ownLayouts = {
  counter: { size: counterCodec.size, fields: offsetsOf(counterFields) },
  packet: { size: packetCodec.size, fields: offsetsOf(packetFields) },
};

/** Whether what one version has written is what this one would read. Fields that were not written down may be anywhere. */
export function isOwnLayout(layout: StructLayout, own: StructLayout): boolean {
  const offsets = Object.entries(own.fields);
  return layout.size === own.size && offsets.every(([name, offset]) => (layout.fields[name] ?? offset) === offset);
}

interface CountedRule {
  readonly name: string;
  readonly stage: string;
  readonly line: number;
  readonly action: string;
}

/** How often a rule, a default or a reason decided, or a `count`, `log` or `mark` rule was passed. */
export interface RuleCounter {
  /** `struct packet.rule`. */
  readonly id: number;
  /** Empty for what belongs to no stage. */
  readonly stage: string;
  /** The rule's name, or the reason in kebab case. */
  readonly name: string;
  /** In the policy file; undefined for a reason. */
  readonly line: number | undefined;
  readonly action: string;
  readonly packets: bigint;
  /** Of whole frames. */
  readonly bytes: bigint;
  readonly lastHit: Date | undefined;
  /** Of a rule with a `when`: whether its window is open now. */
  readonly window?: WindowState;
}

/** All rules, and the reasons that have been seen. */
export function readCounters(map: MapHandle, policy: CountedPolicy): RuleCounter[] {
  const jiffies = readJiffies();
  return sumCounters(map, policy.layouts).flatMap(({ packets, bytes, lastHit: ticks }, id): RuleCounter[] => {
    const lastHit = ticks === 0n ? undefined : jiffies.dateOf(ticks);
    const rule = policy.rules[id - FIRST_RULE];
    if (rule) return [{ id, ...rule, packets, bytes, lastHit }];
    if (packets === 0n) return [];
    return [
      {
        id,
        stage: '',
        name: reasonNames[id] ?? String(id),
        line: undefined,
        action: actionOfReason(id, policy),
        packets,
        bytes,
        lastHit,
      },
    ];
  });
}

/** What is done with packets that no rule decides, by the reason. */
export function actionOfReason(reason: number, { defaults, malformed }: CountedPolicy): TerminalAction {
  switch (reason) {
    case Reason.DEFAULT_INGRESS:
      return defaults.ingress;
    case Reason.DEFAULT_EGRESS:
      return defaults.egress;
    case Reason.NEIGHBOUR:
      return 'allow';
    case Reason.INTERNAL:
      return 'drop';
    default:
      return malformed;
  }
}

/** Rows of entries in the map `counters`: one a CPU, and one for what was carried over from an earlier generation. */
export const counterRows = (): number => possibleCpus() + 1;

/** What was counted in all rows together, by `struct packet.rule`; `lastHit` is the latest. */
export function sumCounters(map: MapHandle, layouts: Layouts = ownLayouts): Counter[] {
  using memory = mapMemory(map, 'read');
  const layout = layoutOf(memory, map, layouts);
  return Array.from({ length: layout.entries }, (_, id) => sumOf(layout, id, counterRows()));
}

function sumOf({ values, at }: CounterLayout, id: number, rows: number): Counter {
  const sum = { packets: 0n, bytes: 0n, lastHit: 0n };
  for (let row = 0; row < rows; row++) {
    const place = at(row, id);
    sum.packets += values[place.packets] ?? 0n;
    sum.bytes += values[place.bytes] ?? 0n;
    const last = values[place.lastHit] ?? 0n;
    if (last > sum.lastHit) sum.lastHit = last;
  }
  return sum;
}

/** The counters of a generation: its map, and how they lie in it. */
export interface Counters {
  readonly map: MapHandle;
  readonly layouts: Layouts;
}

/** The new `struct packet.rule` of an old one; undefined where it is to be forgotten. */
export type IdOf = (id: number) => number | undefined;

/**
 * Lets a generation that has taken the place of another go on where that one has stopped. May be called again: what
 * has been carried over already is not carried twice.
 */
export function carryCounters(from: Counters, to: Counters, idOf: IdOf): void {
  const rows = counterRows();
  eachCounted(from, to, idOf, rows, (old, fresh, id, target) => {
    const { packets, bytes, lastHit } = sumOf(old, id, rows);
    const { values } = fresh;
    // No CPU writes to this row: nothing that is counted meanwhile is lost.
    const place = fresh.at(rows - 1, target);
    values[place.packets] = packets;
    values[place.bytes] = bytes;
    values[place.lastHit] = lastHit;
  });
}

/**
 * Gives a generation that is in force again what was counted in the meantime by the one that had its place, and takes
 * it from there: what that one was given by `carryCounters` is not among it.
 */
export function returnCounters(from: Counters, to: Counters, idOf: IdOf): void {
  const cpus = possibleCpus();
  eachCounted(from, to, idOf, cpus, (old, fresh, id, target) => {
    const { packets, bytes, lastHit } = sumOf(old, id, cpus);
    const { values } = fresh;
    const place = fresh.at(cpus, target);
    values[place.packets] = (values[place.packets] as bigint) + packets;
    values[place.bytes] = (values[place.bytes] as bigint) + bytes;
    if (lastHit > (values[place.lastHit] as bigint)) values[place.lastHit] = lastHit;
    for (let row = 0; row < cpus; row++) {
      const taken = old.at(row, id);
      old.values[taken.packets] = 0n;
      old.values[taken.bytes] = 0n;
    }
  });
}

/** Begins anew in the counters of a generation that is not in force. */
export function forgetCounters(map: MapHandle): void {
  using memory = mapMemory(map);
  new Uint8Array(memory.buffer, 0, map.maxEntries * memory.stride).fill(0);
}

function eachCounted(
  from: Counters,
  to: Counters,
  idOf: IdOf,
  rows: number,
  each: (old: CounterLayout, fresh: CounterLayout, id: number, target: number) => void,
): void {
  using memory = mapMemory(to.map);
  using old = mapMemory(from.map);
  const layout = layoutOf(memory, to.map, to.layouts);
  const oldLayout = layoutOf(old, from.map, from.layouts);
  for (let id = 0; id < oldLayout.entries; id++) {
    const target = hasCounted(oldLayout, id, rows) ? idOf(id) : undefined;
    if (target !== undefined) each(oldLayout, layout, id, target);
  }
}

/** Asked of every rule, most of which have counted nothing: without a number of 64 bits. */
function hasCounted({ halves, at }: CounterLayout, id: number, rows: number): boolean {
  for (let row = 0; row < rows; row++) {
    const { packets } = at(row, id);
    if (halves[packets * 2] !== 0 || halves[packets * 2 + 1] !== 0) return true;
  }
  return false;
}

type CounterLayout = ReturnType<typeof layoutOf>;

const WORD_BYTES = BigUint64Array.BYTES_PER_ELEMENT;

/** The map's memory as 64-bit words, and where a counter's fields stand in it: nowhere, where the layout has none. */
function layoutOf({ buffer, stride }: MapMemory, { maxEntries }: MapHandle, { counter }: Layouts) {
  const entries = maxEntries / counterRows();
  const { packets = Number.NaN, bytes = Number.NaN, lastHit = Number.NaN } = counter.fields;
  const words = (maxEntries * stride) / WORD_BYTES;
  return {
    values: new BigUint64Array(buffer, 0, words),
    /** The same, two to a word. */
    halves: new Uint32Array(buffer, 0, words * 2),
    entries,
    at(row: number, id: number) {
      const start = (row * entries + id) * stride;
      return {
        packets: (start + packets) / WORD_BYTES,
        bytes: (start + bytes) / WORD_BYTES,
        lastHit: (start + lastHit) / WORD_BYTES,
      };
    },
  };
}
