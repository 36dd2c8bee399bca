import type { Place } from '../diagnostics/problem.ts';
import type { CheckedPolicy, CheckedRule } from './checked.ts';

/** All rules in the order of their index. */
export const allRules = ({ prefilter, ingress, egress }: CheckedPolicy): CheckedRule[] => [
  ...prefilter,
  ...ingress.rules,
  ...egress.rules,
];

/** The rule of that index and where it stands. */
export function placeOfRule(policy: CheckedPolicy, index: number): { rule: CheckedRule; place: Place } {
  const rule = allRules(policy)[index] as CheckedRule;
  return { rule, place: { source: policy.source, line: rule.line, column: rule.column, length: 0 } };
}
