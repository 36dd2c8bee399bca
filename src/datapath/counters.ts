import { type Counter, counterFields, FIRST_RULE, Reason, reasonNames } from '../generated/abi.ts';
import { type MapHandle, mapMemory, possibleCpus } from '../kernel/index.ts';
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

/** What all CPUs together have counted, by `struct packet.rule`; `lastHit` is the latest. */
export function sumCounters(map: MapHandle): Counter[] {
  using memory = mapMemory(map, 'read');
  const values = new BigUint64Array(memory.buffer, 0, (map.maxEntries * memory.stride) / BYTES);
  const cpus = possibleCpus();
  const perCpu = map.maxEntries / cpus;
  const [packets, bytes, lastHit] = [counterFields.packets, counterFields.bytes, counterFields.lastHit].map(
    ({ offset }) => offset / BYTES,
  ) as [number, number, number];
  return Array.from({ length: perCpu }, (_, id) => {
    const sum = { packets: 0n, bytes: 0n, lastHit: 0n };
    for (let cpu = 0; cpu < cpus; cpu++) {
      const at = ((cpu * perCpu + id) * memory.stride) / BYTES;
      sum.packets += values[at + packets] as bigint;
      sum.bytes += values[at + bytes] as bigint;
      const last = values[at + lastHit] as bigint;
      if (last > sum.lastHit) sum.lastHit = last;
    }
    return sum;
  });
}

const BYTES = BigUint64Array.BYTES_PER_ELEMENT;
