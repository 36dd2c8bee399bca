import type { CheckedPolicy } from '../../policy/checked.ts';
import { type Decision, verdictData } from '../../policy/decision.ts';

/**
 * The NDJSON line of a packet: `{"packet":1,"verdict":"drop","stage":"ingress","rule":"ssh","line":12,"reason":"rule"}`.
 * What stands behind the number is the same for all packets that one rule or reason decided, and is made once.
 */
export function createPacketLines(policy: CheckedPolicy): (number: number, decision: Decision) => string {
  const tails = new Map<number, string>();
  return (number, decision) => {
    let tail = tails.get(decision.id);
    if (tail === undefined) {
      tail = `,${JSON.stringify(verdictData(decision, policy)).slice(1)}\n`;
      tails.set(decision.id, tail);
    }
    return `{"packet":${number}${tail}`;
  };
}
