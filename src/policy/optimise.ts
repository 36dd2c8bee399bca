import { factsOf } from './by-match.ts';
import type { AddressSet, CheckedRule } from './checked.ts';
import { type LoweredRule, lowerMatch, type Test } from './lower.ts';
import { testsKey } from './tests-key.ts';

/** A rule that is not in the compiled program, because no packet could tell. */
export interface RemovedRule {
  readonly rule: CheckedRule;
  readonly reason: 'never-matches' | 'never-reached' | 'same-as-before';
  /** The rule that makes it needless. */
  readonly because?: CheckedRule;
}

export interface OptimisedRules {
  readonly rules: readonly LoweredRule[];
  readonly removed: readonly RemovedRule[];
}

/**
 * Removes the rules of a stage that can never match and sorts the tests of the others so that the cheap ones come
 * first. The order of the rules stays: first match wins.
 */
export function optimiseRules(rules: readonly CheckedRule[], sets: ReadonlyMap<string, AddressSet>): OptimisedRules {
  const kept: LoweredRule[] = [];
  const removed: RemovedRule[] = [];
  const seen = new Map<string, CheckedRule>();
  let last: CheckedRule | undefined;

  for (const rule of rules) {
    const { action } = rule;
    const facts = factsOf(rule.match);
    facts.tests ??= simplifyTests(lowerMatch(rule.match), sets);
    facts.key ??= testsKey(facts.tests);
    const { tests, key } = facts;
    const ends = action.kind === 'allow' || action.kind === 'drop' || action.kind === 'reject';
    const same = seen.get(key);
    if (last) removed.push({ rule, reason: 'never-reached', because: last });
    else if (tests.some((test) => test.kind === 'never')) removed.push({ rule, reason: 'never-matches' });
    else if (same) removed.push({ rule, reason: 'same-as-before', because: same });
    else {
      kept.push({ rule, tests, action, facts });
      if (ends) seen.set(key, rule);
      if (ends && tests.length === 0) last = rule;
    }
  }
  return { rules: kept, removed };
}

/** What a test costs when it is asked, in roughly nanoseconds: only the order matters. */
const costs: Record<Test['kind'], number> = {
  never: 0,
  'in-ranges': 1,
  masked: 1,
  traits: 1,
  interface: 1,
  'by-family': 2,
  address: 4,
  payload: 10,
  filter: 20,
  window: 50,
};

export function simplifyTests(tests: readonly Test[], sets: ReadonlyMap<string, AddressSet>): Test[] {
  const simplified = tests.map((test) => simplifyTest(test, sets));
  const unique = [...new Map(simplified.map((test) => [testsKey([test]), test])).values()];
  // The sort is stable: tests of one cost stay as the policy has them, a trait before the field that needs it.
  return unique.sort((a, b) => costs[a.kind] - costs[b.kind]);
}

const NEVER: Test = { kind: 'never' };

function simplifyTest(test: Test, sets: ReadonlyMap<string, AddressSet>): Test {
  switch (test.kind) {
    case 'in-ranges':
      return test.ranges.length === 0 ? NEVER : test;
    case 'by-family': {
      const v4 = simplifyTests(test.v4, sets);
      const v6 = simplifyTests(test.v6, sets);
      const none = [v4, v6].every((list) => list.some(({ kind }) => kind === 'never'));
      return none ? NEVER : { ...test, v4, v6 };
    }
    case 'address': {
      const some = test.match.any.some((operand) =>
        operand.kind === 'ranges'
          ? operand.ranges.v4.length + operand.ranges.v6.length > 0
          : mayHaveAddresses(sets.get(operand.set)),
      );
      return test.match.any.length > 0 && !some ? NEVER : test;
    }
    default:
      return test;
  }
}

/** A set that is read from a file, or takes members at run time, may be empty now and full later. */
const mayHaveAddresses = (set: AddressSet | undefined): boolean =>
  set !== undefined &&
  (set.file !== undefined || set.records?.dynamic === true || set.ranges.v4.length + set.ranges.v6.length > 0);
