import { FIRST_RULE, type Packet, Reason, reasonNames, Trait } from '../generated/abi.ts';
import type { CheckedPolicy, CheckedRule, TerminalAction } from './checked.ts';
import { judgesEgress } from './judged.ts';
import { matches, type Subject } from './model-match.ts';
import { neighbourMatch } from './neighbour.ts';

export interface Judgement {
  readonly verdict: TerminalAction;
  readonly stage: 'parse' | 'prefilter' | 'ingress' | 'egress';
  /** The rule that decided; null where a default or a reason did. */
  readonly rule: CheckedRule | null;
  /** `rule`, or the reason in kebab case: `default-ingress`, `neighbour`, `truncated-tcp`. */
  readonly reason: string;
  /** `struct packet.rule` at the end: a `Reason`, or FIRST_RULE + the rule's index. */
  readonly id: number;
  /** Set by the last `mark` rule passed on the way, else as it was in the packet. */
  readonly mark: number;
  /** Indices of the `count` and of the `log` rules passed on the way, in order. A log's rate is not applied. */
  readonly counted: readonly number[];
  readonly logged: readonly number[];
}

/**
 * The reference model: what the policy says of a packet, straight from its checked form, with nothing of the compiler
 * in between. Plain and slow on purpose: the kernel's verdicts are tested against it. `packet` is what `parseFrame`
 * says of `frame`; `interfaceName` is the interface that it passes, without which no match on an interface is true; `timeMs` is
 * when it passes (Unix time), now where it is left out.
 */
export function judge(
  policy: CheckedPolicy,
  frame: Uint8Array,
  packet: Packet,
  direction: 'ingress' | 'egress',
  interfaceName?: string,
  timeMs = Date.now(),
): Judgement {
  const untouched = { mark: packet.mark, counted: [], logged: [] };
  if (direction === 'egress' && !judgesEgress(policy)) {
    return { ...untouched, ...decidedBy(Reason.DEFAULT_EGRESS), verdict: policy.egress.default, stage: 'egress' };
  }
  if (packet.rule !== Reason.NONE) {
    const verdict = policy.malformed;
    return { ...untouched, ...decidedBy(packet.rule), verdict, stage: 'parse' };
  }
  const subject = { policy, frame, packet, interfaceName, timeMs };
  const course: Course = { mark: packet.mark, counted: [], logged: [] };
  const prefiltered = direction === 'ingress' ? firstDecision(policy.prefilter, subject, course) : undefined;
  const decision = prefiltered ?? firstDecision(policy[direction].rules, subject, course);
  if (decision) {
    const { rule, verdict } = decision;
    return { ...course, verdict, stage: rule.stage, rule, reason: 'rule', id: FIRST_RULE + rule.index };
  }
  if (packet.traits & Trait.NEIGHBOUR) {
    return { ...course, ...decidedBy(Reason.NEIGHBOUR), verdict: 'allow', stage: direction };
  }
  const reason = direction === 'ingress' ? Reason.DEFAULT_INGRESS : Reason.DEFAULT_EGRESS;
  return { ...course, ...decidedBy(reason), verdict: policy[direction].default, stage: direction };
}

/** What the rules passed so far have done. */
interface Course {
  mark: number;
  readonly counted: number[];
  readonly logged: number[];
}

interface Decision {
  readonly rule: CheckedRule;
  readonly verdict: TerminalAction;
}

function decidedBy(reason: number): Pick<Judgement, 'rule' | 'reason' | 'id'> {
  return { rule: null, reason: reasonNames[reason] ?? String(reason), id: reason };
}

/** The first rule that matches and ends its stage. Those before it that match leave their traces in `course`. */
function firstDecision(rules: readonly CheckedRule[], subject: Subject, course: Course): Decision | undefined {
  for (const rule of rules) {
    if (!applies(rule, subject)) continue;
    switch (rule.action.kind) {
      case 'count':
        course.counted.push(rule.index);
        break;
      case 'log':
        course.logged.push(rule.index);
        break;
      case 'mark':
        course.mark = rule.action.mark;
        break;
      default:
        return { rule, verdict: rule.action.kind };
    }
  }
  return undefined;
}

/**
 * Whether the rule is true of the packet. ARP and neighbour discovery are none of the business of a rule that does not
 * speak of them.
 */
export function applies(rule: CheckedRule, subject: Subject): boolean {
  const match = subject.packet.traits & Trait.NEIGHBOUR ? neighbourMatch(rule.match) : rule.match;
  return match !== undefined && matches(match, subject);
}
