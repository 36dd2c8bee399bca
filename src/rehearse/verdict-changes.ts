import type { CheckedPolicy } from '../policy/checked.ts';
import { type Decision, type VerdictData, verdictData } from '../policy/decision.ts';
import { matchesAny } from '../policy/interface-pattern.ts';
import { exampleOf, type MadePacket } from './packets/made-packet.ts';
import type { VerdictChange } from './report.ts';

/** What judges packets by one policy. */
export type JudgeMade = (made: MadePacket) => Decision | undefined;

/** Where no policy is in force, and on interfaces that a policy is not for: every packet passes. */
const PASSES: Decision = { verdict: 'allow', stage: 'parse', rule: null, reason: 'no-policy', id: 0, mark: 0 };

/** What a policy does with a packet, wherever that passes. Undefined where the judge does not say. */
export function decide(policy: CheckedPolicy | undefined, judge: JudgeMade, made: MadePacket): Decision | undefined {
  const name = made.circumstances.interface;
  if (policy === undefined) return PASSES;
  return name !== undefined && !matchesAny(policy.interfaces, name) ? PASSES : judge(made);
}

/** Groups packets that two policies treat differently. */
export interface ChangeCollector {
  add(made: MadePacket, before: Decision, after: Decision): void;
  changes(): VerdictChange[];
}

export function createChangeCollector(before: CheckedPolicy | undefined, after: CheckedPolicy): ChangeCollector {
  const groups = new Map<string, { -readonly [Key in keyof VerdictChange]: VerdictChange[Key] }>();
  return {
    add(made, was, is) {
      if (was.verdict === is.verdict && was.mark === is.mark) return;
      const key = `${was.id} ${was.verdict} ${is.id} ${is.verdict}`;
      const group = groups.get(key);
      if (group) group.packets++;
      else
        groups.set(key, {
          before: dataOf(was, before),
          after: dataOf(is, after),
          packets: 1,
          example: exampleOf(made),
        });
    },
    changes: () => [...groups.values()].sort((a, b) => b.packets - a.packets),
  };
}

function dataOf(decision: Decision, policy: CheckedPolicy | undefined): VerdictData {
  if (policy) return verdictData(decision, policy);
  const { verdict, stage, reason } = decision;
  return { verdict, stage, rule: null, line: null, reason };
}
