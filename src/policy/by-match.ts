import type { AddressMatch, CheckedMatch } from './checked.ts';
import type { Box } from './classifier/rule-boxes.ts';
import type { Test } from './lower.ts';

/** What the compiler has worked out of a match, each when it was first wanted. */
export interface MatchFacts {
  tests?: readonly Test[];
  /** The same for matches with the same tests. */
  key?: string;
  v4?: BoxedFacts;
  v6?: BoxedFacts;
}

/** A match as boxes of one family. */
export interface BoxedFacts {
  /** None where no packet of the family matches. */
  readonly boxes: readonly Box[];
  /** What is to be asked of a packet in one of them. */
  readonly tests: readonly Test[];
  /** Whether every packet of the family is in one of them. */
  readonly wide: boolean;
}

const known = new WeakMap<CheckedMatch, MatchFacts>();

/**
 * The facts of a match, which are kept: a rule that did not change from one version of a policy to the next keeps its
 * match. Those of a match that names sets are not, for they follow the sets.
 */
export function factsOf(match: CheckedMatch): MatchFacts {
  const before = known.get(match);
  if (before !== undefined) return before;
  const facts: MatchFacts = {};
  if (!namesSets(match.from) && !namesSets(match.to)) known.set(match, facts);
  return facts;
}

const namesSets = (match: AddressMatch | undefined): boolean =>
  match !== undefined && [...match.any, ...match.none].some(({ kind }) => kind === 'set');
