import type { CheckedMatch, CheckedRule, StageName } from '../checked.ts';
import type { Path, PolicyDocument } from '../parse/document.ts';
import type { Rule } from '../schema/policy.ts';
import { checkAction } from './actions.ts';
import { checkMatch } from './match.ts';
import { quote } from './numbers.ts';
import type { Scope } from './scope.ts';
import type { DeepPartial } from './shape.ts';

/** A rule as the schema lets it through: what had a wrong shape is missing. */
export type RuleInput = DeepPartial<Rule>;

/** The rules of the stages so far, by name: names and indices run through the whole policy. */
export interface RuleCollector {
  readonly document: PolicyDocument;
  readonly scope: Scope;
  readonly pathByName: Map<string, Path>;
  count: number;
}

/** Checks the rules of a stage, in the order of the policy: prefilter, ingress, egress. Wrong ones are left out. */
export function checkRules(
  inputs: readonly (RuleInput | undefined)[],
  stage: StageName,
  listPath: Path,
  collector: RuleCollector,
): CheckedRule[] {
  const rules: CheckedRule[] = [];
  for (const [position, input] of inputs.entries()) {
    const index = collector.count++;
    const path = [...listPath, position];
    const rule = input && checkRule(input, stage, path, index, collector);
    if (rule) rules.push(rule);
  }
  return rules;
}

function checkRule(
  input: RuleInput,
  stage: StageName,
  path: Path,
  index: number,
  { document, scope, pathByName }: RuleCollector,
): CheckedRule | undefined {
  const name = input.name ?? `${stage}[${path.at(-1)}]`;
  checkName(name, path, pathByName, scope);
  const match = checkMatch(input, path, scope);
  const action = input.action === undefined ? undefined : checkAction(input.action, [...path, 'action'], scope.report);
  if (!match || !action) return undefined;
  const { line, column } = document.place(path);
  return { name, stage, index, line, column, match, action };
}

function checkName(name: string, path: Path, pathByName: Map<string, Path>, { report }: Scope): void {
  const namePath = [...path, 'name'];
  if (!/^(?=\S)[^\p{Cc}\p{Cs}]{1,63}(?<=\S)$/u.test(name)) {
    const help = 'a name has 1 to 63 printable characters, and no blank first or last';
    report.error('policy/bad-name', namePath, `${quote(name)} cannot be the name of a rule`, { help });
    return;
  }
  const first = pathByName.get(name);
  if (first === undefined) pathByName.set(name, namePath);
  else {
    const related = [{ message: 'first used here', path: first }];
    report.error('policy/duplicate-name', namePath, `two rules are called "${name}"`, { related });
  }
}

/** True of every packet of its stage, but for ARP and neighbour discovery, which no such rule speaks of. */
export function matchesEverything(match: CheckedMatch): boolean {
  return Object.keys(match).length === 0;
}
