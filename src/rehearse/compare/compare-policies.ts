import type { CheckedPolicy, CheckedRule, StageName } from '../../policy/checked.ts';
import { type Judges, judgePackets } from '../judge-packets.ts';
import { ruleContent, sameContent } from '../rule-content.ts';
import { compareSets } from './compare-sets.ts';
import { fieldsInWords } from './field-words.ts';
import { movedRules } from './moved-rules.ts';
import type { FieldChange, PolicyDiff, RuleChange } from './policy-diff.ts';

/**
 * What `after` has that `before` has not, and the other way round. Verdicts are judged by whatever `judges` are given,
 * else by the reference model.
 */
export function comparePolicies(
  before: CheckedPolicy,
  after: CheckedPolicy,
  judges: Pick<Judges, 'judgeBefore' | 'judgeAfter'> = {},
): PolicyDiff {
  return {
    settings: compareSettings(before, after),
    sets: compareSets(before, after),
    rules: (['prefilter', 'ingress', 'egress'] as const).flatMap((stage) =>
      compareRules(rulesOf(before, stage), rulesOf(after, stage)),
    ),
    verdicts: judgePackets({ before, after, ...judges }).differences,
  };
}

/** Whether nothing is different. Rules on other lines, and comments, are no difference. */
export const isSame = ({ rules, sets, settings, verdicts }: PolicyDiff): boolean =>
  [rules, sets, settings, verdicts].every(({ length }) => length === 0);

const rulesOf = (policy: CheckedPolicy, stage: StageName): readonly CheckedRule[] =>
  stage === 'prefilter' ? policy.prefilter : policy[stage].rules;

function compareSettings(before: CheckedPolicy, after: CheckedPolicy): FieldChange[] {
  const settings = ({ interfaces, chained, malformed, connections, ingress, egress }: CheckedPolicy) =>
    new Map([
      ['interfaces', interfaces.join(', ')],
      ['chained', chained.join(', ')],
      ['malformed', malformed],
      ...settingsOf('connections', connections),
      ['ingress.default', ingress.default],
      ['egress.default', egress.default],
    ]);
  return changedFields(settings(before), settings(after));
}

/** One line each, of what may hold more settings; none where it is left out. */
function settingsOf(name: string, value: unknown): (readonly [string, string])[] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null) return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => settingsOf(`${name}.${key}`, inner));
}

/** Fields that are not alike, in the order of `after`, then those that are gone. */
export function changedFields(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): FieldChange[] {
  return [...new Set([...after.keys(), ...before.keys()])]
    .map((field) => ({ field, before: before.get(field) ?? null, after: after.get(field) ?? null }))
    .filter((change) => change.before !== change.after);
}

/** One that is in both. */
export interface RulePair {
  readonly before: CheckedRule;
  readonly after: CheckedRule;
}

function compareRules(before: readonly CheckedRule[], after: readonly CheckedRule[]): RuleChange[] {
  const pairs = pairUp(before, after);
  const moved = movedRules([...pairs.values()]);
  const removed = new Set(before);
  for (const pair of pairs.values()) removed.delete(pair.before);
  const there = after.flatMap((rule): RuleChange[] => {
    const pair = pairs.get(rule);
    if (pair === undefined) return [changeOf('added', undefined, rule)];
    const past = moved.get(rule);
    return [
      ...(sameSaid(pair) ? [] : [changeOf('changed', pair.before, rule)]),
      ...(past ? [{ ...changeOf('moved', pair.before, rule), fields: [], past: past.name }] : []),
    ];
  });
  return [...there, ...[...removed].map((rule) => changeOf('removed', rule, undefined))];
}

/** By the rule of `after`. */
function pairUp(before: readonly CheckedRule[], after: readonly CheckedRule[]): ReadonlyMap<CheckedRule, RulePair> {
  const waiting = new Map<string, CheckedRule[]>();
  for (const rule of before) {
    const key = keyOf(rule);
    const alike = waiting.get(key);
    if (alike) alike.push(rule);
    else waiting.set(key, [rule]);
  }
  const pairs = new Map<CheckedRule, RulePair>();
  for (const rule of after) {
    const twin = waiting.get(keyOf(rule))?.shift();
    if (twin) pairs.set(rule, { before: twin, after: rule });
  }
  return pairs;
}

const keyOf = (rule: CheckedRule): string => (rule.unnamed ? `content ${ruleContent(rule)}` : `name ${rule.name}`);

function sameSaid({ before, after }: RulePair): boolean {
  const said = ({ name: _, unnamed: __, index: ___, line: ____, column: _____, ...rest }: CheckedRule) => rest;
  return sameContent(said(before), said(after));
}

function changeOf(
  change: RuleChange['change'],
  before: CheckedRule | undefined,
  after: CheckedRule | undefined,
): RuleChange {
  const rule = (after ?? before) as CheckedRule;
  const fields = (one: CheckedRule | undefined): ReadonlyMap<string, string> => (one ? fieldsInWords(one) : new Map());
  return {
    change,
    stage: rule.stage,
    rule: rule.name,
    line: { before: before?.line ?? null, after: after?.line ?? null },
    fields: changedFields(fields(before), fields(after)),
  };
}
