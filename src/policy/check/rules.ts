import type { CheckedMatch, CheckedRule, StageName } from '../checked.ts';
import type { KeptRules, Path, PolicyDocument } from '../parse/document.ts';
import type { Rule } from '../schema/policy.ts';
import { checkAction } from './actions.ts';
import { checkMatch } from './match.ts';
import { quote } from './numbers.ts';
import type { Scope } from './scope.ts';
import type { DeepPartial } from './shape.ts';

/** A rule as the schema lets it through: what had a wrong shape is missing. */
export type RuleInput = DeepPartial<Rule>;

/** The rules of the stages so far, their paths by their names: names and indices run through the whole policy. */
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
  const kept = (collector.document.kept ?? []).filter(({ list }) => list.join() === listPath.join());
  let position = 0;
  for (const [i, input] of inputs.entries()) {
    while (kept[0]?.at === i) {
      for (const one of kept.shift()?.rules ?? [])
        rules.push(keepRule(one, stage, [...listPath, position++], collector));
    }
    const index = collector.count++;
    const rule = input && checkRule(input, stage, [...listPath, position++], index, collector);
    if (rule) rules.push(rule);
  }
  return rules;
}

/** A rule that was checked before, at its new place. */
function keepRule(
  { rule, line }: KeptRules['rules'][number],
  stage: StageName,
  path: Path,
  collector: RuleCollector,
): CheckedRule {
  const name = rule.unnamed ? positionName(stage, path) : rule.name;
  noteName(name, path, collector.pathByName, collector.scope);
  const index = collector.count++;
  const isWhereItWas = rule.index === index && rule.line === line && rule.stage === stage && rule.name === name;
  return isWhereItWas ? rule : { ...rule, name, stage, index, line };
}

const positionName = (stage: StageName, path: Path): string => `${stage}[${path.at(-1)}]`;

function checkRule(
  input: RuleInput,
  stage: StageName,
  path: Path,
  index: number,
  { document, scope, pathByName }: RuleCollector,
): CheckedRule | undefined {
  const name = input.name ?? positionName(stage, path);
  checkName(name, path, pathByName, scope);
  const match = checkMatch(input, path, scope);
  const action = input.action === undefined ? undefined : checkAction(input.action, [...path, 'action'], scope.report);
  if (!match || !action) return undefined;
  const { line, column } = document.place(path);
  return {
    name,
    ...(input.name === undefined && { unnamed: true as const }),
    stage,
    index,
    line,
    column,
    match,
    action,
  };
}

function checkName(name: string, path: Path, pathByName: Map<string, Path>, scope: Scope): void {
  if (!/^(?=\S)[^\p{Cc}\p{Cs}]{1,63}(?<=\S)$/u.test(name)) {
    const help = 'a name has 1 to 63 printable characters, and no blank first or last';
    scope.report.error('policy/bad-name', [...path, 'name'], `${quote(name)} cannot be the name of a rule`, { help });
    return;
  }
  noteName(name, path, pathByName, scope);
}

function noteName(name: string, path: Path, pathByName: Map<string, Path>, { report }: Scope): void {
  const first = pathByName.get(name);
  if (first === undefined) pathByName.set(name, path);
  else {
    const related = [{ message: 'first used here', path: [...first, 'name'] }];
    report.error('policy/duplicate-name', [...path, 'name'], `two rules are called "${name}"`, { related });
  }
}

/** True of every packet of its stage, but for ARP and neighbour discovery, which no such rule speaks of. */
export function matchesEverything(match: CheckedMatch): boolean {
  return Object.keys(match).length === 0;
}
