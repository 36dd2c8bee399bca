import { lineText } from '../diagnostics/source.ts';
import type { CheckedPolicy } from './checked.ts';
import { placeOfRule } from './rule-place.ts';

/** A rule as it is shown to people: where it stands, and how it begins. */
export interface RuleDescription {
  readonly name: string;
  /** From 1. */
  readonly line: number;
  /** The line of the policy file, without the blanks around it. */
  readonly text: string;
}

/** @param index `CheckedRule.index` */
export function describeRule(policy: CheckedPolicy, index: number): RuleDescription {
  const { rule, place } = placeOfRule(policy, index);
  return { name: rule.name, line: rule.line, text: (lineText(place.source, place.line) ?? '').trim() };
}
