import type { BoxedFacts } from './by-match.ts';
import type { AddressSet, CheckedMatch } from './checked.ts';
import type { Family } from './classifier/boxes.ts';
import { boxMatch, isWide } from './classifier/rule-boxes.ts';
import type { LoweredRule } from './lower.ts';
import { lowerMatch } from './lower.ts';
import { simplifyTests } from './optimise.ts';

type Sets = ReadonlyMap<string, AddressSet>;

/** The rule as boxes of one family, worked out when it is first asked for. */
export function boxedRule({ rule, facts }: LoweredRule, family: Family, sets: Sets): BoxedFacts {
  facts[family] ??= boxFacts(rule.match, family, sets);
  return facts[family];
}

function boxFacts(match: CheckedMatch, family: Family, sets: Sets): BoxedFacts {
  const { boxes, rest } = boxMatch(match, family, sets);
  const tests = Object.keys(rest).length === 0 ? [] : simplifyTests(lowerMatch(rest), sets);
  if (boxes.length === 0 || tests.some(({ kind }) => kind === 'never')) return NO_BOXES;
  return { boxes, tests, wide: boxes.some(isWide) };
}

const NO_BOXES: BoxedFacts = { boxes: [], tests: [], wide: false };
