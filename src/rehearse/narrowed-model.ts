import type { Packet } from '../generated/abi.ts';
import type { CheckedPolicy, CheckedRule } from '../policy/checked.ts';
import { type Judgement, judge } from '../policy/model.ts';
import type { MadePacket } from './packets/made-packet.ts';
import { createRuleHulls } from './rule-hulls.ts';

/** The reference model, asked about few rules of many. */
export interface NarrowedModel {
  /** Undefined once the model has been asked so many rules that going on would take too long. */
  judge(made: MadePacket): Judgement | undefined;
  /** Packets that it has judged. */
  readonly judged: number;
}

/** What may be spent in all, in rows that are scanned: some hundred milliseconds. A match is worth as much as many. */
const MOST_ROWS = 120_000_000;
const ROWS_A_MATCH = 50;

/**
 * Answers as the reference model does, for it is asked: of the policy without those rules whose ports, addresses or
 * protocols are plainly others than the packet's. That takes nanoseconds a rule where the model takes tenths of
 * microseconds, and is no part of the compiler.
 */
export function createNarrowedModel(policy: CheckedPolicy): NarrowedModel {
  const prefilter = createRuleHulls(policy.prefilter, policy);
  const ingress = createRuleHulls(policy.ingress.rules, policy);
  const egress = createRuleHulls(policy.egress.rules, policy);
  const total = policy.prefilter.length + policy.ingress.rules.length + policy.egress.rules.length;
  // Packets are asked about when they are made, and again when they are judged.
  const known = new WeakMap<MadePacket, Judgement>();
  let left = MOST_ROWS;
  let judged = 0;

  function narrowed(packet: Packet, direction: 'ingress' | 'egress'): CheckedPolicy {
    if (direction === 'ingress') {
      const rules = ingress.near(packet);
      const before = prefilter.near(packet);
      left -= (rules.length + before.length) * ROWS_A_MATCH;
      return { ...policy, prefilter: before, ingress: { ...policy.ingress, rules } };
    }
    // A stage with rules is not the same as one without: one stays in any case.
    const rules = atLeastOne(egress.near(packet), policy.egress.rules);
    left -= rules.length * ROWS_A_MATCH;
    return { ...policy, egress: { ...policy.egress, rules } };
  }

  return {
    get judged() {
      return judged;
    },
    judge(made) {
      const before = known.get(made);
      if (before !== undefined || left <= 0) return before;
      const { frame, packet, circumstances } = made;
      left -= total;
      judged++;
      const judgement = judge(
        narrowed(packet, circumstances.direction),
        frame,
        packet,
        circumstances.direction,
        circumstances.interface,
        circumstances.timeMs,
      );
      known.set(made, judgement);
      return judgement;
    },
  };
}

function atLeastOne(rules: readonly CheckedRule[], all: readonly CheckedRule[]): readonly CheckedRule[] {
  return rules.length > 0 ? rules : all.slice(0, 1);
}
