import { type Counter, counterCodec, FIRST_RULE, reasonNames } from '../generated/abi.ts';
import { type MapHandle, typedPerCpuMap, u32 } from '../kernel/index.ts';
import { readJiffies } from '../kernel/jiffies.ts';

/** What counts, by its place in the map `counters` behind the reasons. */
export interface CountedRule {
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
  /** Undefined for a reason. */
  readonly action: string | undefined;
  readonly packets: bigint;
  /** Of whole frames. */
  readonly bytes: bigint;
  readonly lastHit: Date | undefined;
}

/** All rules, and the reasons that have been seen. */
export function readCounters(map: MapHandle, rules: readonly CountedRule[]): RuleCounter[] {
  const counters = typedPerCpuMap(map, u32, counterCodec);
  const jiffies = readJiffies();
  return [...counters.entries()].flatMap(([id, perCpu]): RuleCounter[] => {
    const { packets, bytes, lastHit: ticks } = sum(perCpu);
    const lastHit = ticks === 0n ? undefined : jiffies.dateOf(ticks);
    const rule = rules[id - FIRST_RULE];
    if (rule) return [{ id, ...rule, packets, bytes, lastHit }];
    if (packets === 0n) return [];
    return [
      {
        id,
        stage: '',
        name: reasonNames[id] ?? String(id),
        line: undefined,
        action: undefined,
        packets,
        bytes,
        lastHit,
      },
    ];
  });
}

function sum(perCpu: readonly Counter[]): Counter {
  let [packets, bytes, lastHit] = [0n, 0n, 0n];
  for (const one of perCpu) {
    packets += one.packets;
    bytes += one.bytes;
    if (one.lastHit > lastHit) lastHit = one.lastHit;
  }
  return { packets, bytes, lastHit };
}
