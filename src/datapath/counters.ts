import { type Counter, counterFields, FIRST_RULE, Reason, reasonNames } from '../generated/abi.ts';
import { type MapHandle, type MapMemory, mapMemory, possibleCpus } from '../kernel/index.ts';
import { readJiffies } from '../kernel/jiffies.ts';
import type { CheckedPolicy, TerminalAction } from '../policy/checked.ts';

/** What of a policy its counters speak of. */
export interface CountedPolicy {
  /** By their places in the map `counters`, behind the reasons. */
  readonly rules: readonly CountedRule[];
  readonly defaults: { readonly ingress: TerminalAction; readonly egress: TerminalAction };
  readonly malformed: CheckedPolicy['malformed'];
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
}

/** All rules, and the reasons that have been seen. */
export function readCounters(map: MapHandle, policy: CountedPolicy): RuleCounter[] {
  const jiffies = readJiffies();
  return sumCounters(map).flatMap(({ packets, bytes, lastHit: ticks }, id): RuleCounter[] => {
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
export function sumCounters(map: MapHandle): Counter[] {
  using memory = mapMemory(map, 'read');
  const layout = layoutOf(memory, map);
  return Array.from({ length: layout.entries }, (_, id) => sumOf(layout, id));
}

function sumOf({ values, at }: CounterLayout, id: number): Counter {
  const sum = { packets: 0n, bytes: 0n, lastHit: 0n };
  for (let row = 0; row < counterRows(); row++) {
    const place = at(row, id);
    sum.packets += values[place.packets] as bigint;
    sum.bytes += values[place.bytes] as bigint;
    const last = values[place.lastHit] as bigint;
    if (last > sum.lastHit) sum.lastHit = last;
  }
  return sum;
}

/**
 * Adds what was counted in a map that nothing counts in any more to one that is in force.
 * @param idOf the new `struct packet.rule` of an old one; undefined where it is to be forgotten
 */
export function carryCounters(from: MapHandle, to: MapHandle, idOf: (id: number) => number | undefined): void {
  using memory = mapMemory(to);
  using old = mapMemory(from, 'read');
  const { values, at } = layoutOf(memory, to);
  const oldLayout = layoutOf(old, from);
  // No CPU writes to this row: nothing that is counted meanwhile is lost.
  const carried = possibleCpus();
  for (let id = 0; id < oldLayout.entries; id++) {
    const target = hasCounted(oldLayout, id) ? idOf(id) : undefined;
    if (target === undefined) continue;
    const { packets, bytes, lastHit } = sumOf(oldLayout, id);
    const place = at(carried, target);
    values[place.packets] = (values[place.packets] as bigint) + packets;
    values[place.bytes] = (values[place.bytes] as bigint) + bytes;
    if (lastHit > (values[place.lastHit] as bigint)) values[place.lastHit] = lastHit;
  }
}

/** Asked of every rule, most of which have counted nothing: without a number of 64 bits. */
function hasCounted({ halves, at }: CounterLayout, id: number): boolean {
  for (let row = 0; row < counterRows(); row++) {
    const { packets } = at(row, id);
    if (halves[packets * 2] !== 0 || halves[packets * 2 + 1] !== 0) return true;
  }
  return false;
}

type CounterLayout = ReturnType<typeof layoutOf>;

const WORD_BYTES = BigUint64Array.BYTES_PER_ELEMENT;

/** The map's memory as 64-bit words, and where a counter's fields stand in it. */
function layoutOf({ buffer, stride }: MapMemory, { maxEntries }: MapHandle) {
  const entries = maxEntries / counterRows();
  const { packets, bytes, lastHit } = counterFields;
  const words = (maxEntries * stride) / WORD_BYTES;
  return {
    values: new BigUint64Array(buffer, 0, words),
    /** The same, two to a word. */
    halves: new Uint32Array(buffer, 0, words * 2),
    entries,
    at(row: number, id: number) {
      const start = (row * entries + id) * stride;
      return {
        packets: (start + packets.offset) / WORD_BYTES,
        bytes: (start + bytes.offset) / WORD_BYTES,
        lastHit: (start + lastHit.offset) / WORD_BYTES,
      };
    },
  };
}
