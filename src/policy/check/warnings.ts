import type { CheckedMatch, CheckedPolicy, CheckedRule, NumberRange, StageName } from '../checked.ts';
import { neighbourMatch } from '../neighbour.ts';
import type { Path } from '../parse/document.ts';
import { TCP } from './protocols.ts';
import { includes, intersect } from './ranges.ts';
import type { Report } from './report.ts';
import { matchesEverything } from './rules.ts';
import { TCP_FLAGS } from './tcp-flags.ts';
import { warnOfUnaskedFilters } from './unasked-filters.ts';

/** What is not wrong, but hardly meant. */
export function warnOf(policy: CheckedPolicy, report: Report): void {
  warnOfBlockedReplies(policy, report);
  const stages = [
    ['prefilter', policy.prefilter, ['prefilter']],
    ['ingress', policy.ingress.rules, ['ingress', 'rules']],
    ['egress', policy.egress.rules, ['egress', 'rules']],
  ] as const;
  for (const [stage, rules, path] of stages) {
    warnOfUnreachable(stage, rules, path, report);
    warnOfUnaskedFilters(rules, path, report);
  }
}

/** Ports that Linux gives to outgoing connections (net.ipv4.ip_local_port_range). */
const EPHEMERAL: readonly NumberRange[] = [[32768, 60999]];

function warnOfBlockedReplies({ ingress, egress, prefilter }: CheckedPolicy, report: Report): void {
  if (ingress.default === 'allow') return;
  const letsOut = egress.default === 'allow' || egress.rules.some((rule) => rule.action.kind === 'allow');
  if (!letsOut || [...prefilter, ...ingress.rules].some(letsRepliesIn)) return;
  const message = `"default: ${ingress.default}" also stops replies to connections that this machine opens`;
  report.warning('policy/replies-blocked', ['ingress', 'default'], message, {
    help: 'this version does not track connections; let packets of existing ones in with a rule like\n{ name: replies, protocol: tcp, tcpFlags: [ack], action: allow }',
  });
}

/** Whether some reply of a TCP server may match: errs on the side of yes. */
function letsRepliesIn({ action, match }: CheckedRule): boolean {
  const { protocol, port, tcpFlags, fragment } = match;
  if (action.kind !== 'allow' || fragment === 'later' || fragment === 'any') return false;
  if (protocol && !includes(protocol.v4, TCP) && !includes(protocol.v6, TCP)) return false;
  if (port && intersect(port, EPHEMERAL).length === 0) return false;
  return !tcpFlags || takesAck(tcpFlags);
}

function takesAck({ mask, value }: NonNullable<CheckedMatch['tcpFlags']>): boolean {
  return (TCP_FLAGS.ack & mask) === (value & TCP_FLAGS.ack) && (value & ~(TCP_FLAGS.ack | TCP_FLAGS.psh)) === 0;
}

/** One warning a stage, at the first rule that no packet gets to. */
function warnOfUnreachable(stage: StageName, rules: readonly CheckedRule[], path: Path, report: Report): void {
  const last = rules.findIndex(({ match, action }) => matchesEverything(match) && isTerminal(action.kind));
  const decider = rules[last];
  if (!decider) return;
  const position = rules.findIndex((rule, index) => index > last && !neighbourMatch(rule.match));
  const rule = rules[position];
  if (!rule) return;
  const message = `rule "${rule.name}" is never reached: "${decider.name}" above decides every packet of ${stage}`;
  const related = [{ message: `"${decider.name}"`, path: [...path, last] }];
  report.warning('policy/unreachable-rule', [...path, position], message, { related });
}

function isTerminal(kind: string): boolean {
  return kind === 'allow' || kind === 'drop' || kind === 'reject';
}
