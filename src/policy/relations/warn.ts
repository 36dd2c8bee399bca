import type { Problem } from '../../diagnostics/problem.ts';
import { matchesEverything } from '../check/rules.ts';
import type { CheckedPolicy, CheckedRule } from '../checked.ts';
import { placeOfRule } from '../rule-place.ts';
import { type TakenRule, takenRules } from './taken.ts';

export type RelationKind = 'shadowed' | 'redundant' | 'unreachable';

/** So many rules are told one by one. */
const MOST_TOLD = 20;
/** Rules that are named as the cause of one. */
const NAMED = 3;

/**
 * Warnings of rules that no packet gets to. Behind a rule that decides everything there is one warning a stage, which the
 * check gives itself: what is there is left out here.
 */
export function warnOfRelations(policy: CheckedPolicy): Problem[] {
  const chains = chainsOf(policy).map((chain) => takenRules(reached(chain), policy.sets));
  const taken = chains.flatMap((one) => one.taken);
  const unexamined = chains.reduce((sum, one) => sum + one.unexamined, 0);
  const problems = taken.slice(0, MOST_TOLD).map((one) => describe(one, policy));
  if (taken.length > MOST_TOLD) problems.push(more(taken.length - MOST_TOLD));
  if (unexamined > 0) problems.push(notCompared(unexamined));
  return problems;
}

/** The rules that no packet gets to, by their numbers: those that are warned of, and those behind one that decides everything. */
export function rulesWithoutPackets(policy: CheckedPolicy): ReadonlySet<number> {
  const rules = chainsOf(policy).flatMap((chain) => {
    const before = reached(chain);
    const reachable = new Set(before);
    return [
      ...chain.filter((rule) => !reachable.has(rule)),
      ...takenRules(before, policy.sets).taken.map(({ rule }) => rule),
    ];
  });
  return new Set(rules.map(({ index }) => index));
}

const chainsOf = ({ prefilter, ingress, egress }: CheckedPolicy): readonly (readonly CheckedRule[])[] => [
  [...prefilter, ...ingress.rules],
  egress.rules,
];

/** Without what stands behind a rule that decides every packet of its stage. */
function reached(chain: readonly CheckedRule[]): readonly CheckedRule[] {
  const decided = new Set<string>();
  return chain.filter(({ stage, match, action }) => {
    const isBehind = decided.has(stage);
    const ends = action.kind !== 'count' && action.kind !== 'log' && action.kind !== 'mark';
    if (ends && matchesEverything(match)) decided.add(stage);
    return !isBehind;
  });
}

function kindOf({ rule, by }: TakenRule): RelationKind {
  const { kind } = rule.action;
  if (kind === 'count' || kind === 'log' || kind === 'mark') return 'unreachable';
  return by.every(({ action }) => action.kind === kind) ? 'redundant' : 'shadowed';
}

function describe(one: TakenRule, policy: CheckedPolicy): Problem {
  const { rule, by } = one;
  const kind = kindOf(one);
  const names = by.slice(0, NAMED).map(({ name, line }) => `"${name}" (line ${line})`);
  const others = by.length > NAMED ? [`${by.length - NAMED} more`] : [];
  const who = [...names, ...others].join(', ').replace(/, ([^,]*)$/, ' and $1');
  const together = by.length > 1 ? ' together' : '';
  const outcome = kind === 'redundant' ? ` and ${by.length > 1 ? 'say' : 'says'} ${rule.action.kind} as well` : '';
  return {
    code: `policy/${kind}-rule`,
    severity: 'warning',
    message: `rule "${rule.name}" gets no packet: ${who}${together} ${by.length > 1 ? 'take' : 'takes'} all that it matches${outcome}`,
    help: helpOf[kind],
    place: placeOfRule(policy, rule.index).place,
    related: by.slice(0, NAMED).map(({ name, action, index }) => ({
      message: `"${name}": ${action.kind}`,
      place: placeOfRule(policy, index).place,
    })),
  };
}

const helpOf: Readonly<Record<RelationKind, string>> = {
  shadowed: 'Move the rule up, make the others narrower, or remove it.',
  redundant: 'Remove the rule: nothing changes without it.',
  unreachable: 'Move the rule up, or remove it.',
};

const more = (count: number): Problem => ({
  code: 'policy/unreachable-rule',
  severity: 'warning',
  message: `${count.toLocaleString('en')} more rules get no packet, because of rules above them`,
  help: 'Mend those that are shown, and look again.',
});

const notCompared = (count: number): Problem => ({
  code: 'policy/rules-not-compared',
  severity: 'warning',
  message: `${count.toLocaleString('en')} rules were not compared with those above them: there are too many to tell in time, and those that were are a sample`,
});
