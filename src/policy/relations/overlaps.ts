import type { CheckedPolicy, CheckedRule } from '../checked.ts';
import { boxMatch } from '../classifier/rule-boxes.ts';
import { contains, disjoint, type Space, spaceOf } from './box-space.ts';
import { implies } from './implied.ts';

/** Two rules of which each has packets of its own, and both have some, which the first decides against the second. */
export interface Overlap {
  readonly first: CheckedRule;
  readonly second: CheckedRule;
}

export interface Overlaps {
  /** Rules that stand next to each other first. */
  readonly told: readonly Overlap[];
  /** How many there are besides. */
  readonly more: number;
}

/** More are not read. */
const MOST_TOLD = 10;
/** Each is compared with each. */
const MOST_RULES = 1500;
/** Rules with more boxes, of long lists of addresses, are left out. */
const MOST_BOXES = 64;

type Sets = CheckedPolicy['sets'];

interface Candidate {
  readonly rule: CheckedRule;
  readonly allows: boolean;
  readonly spaces: Readonly<Record<'v4' | 'v6', readonly Space[]>>;
  /** What it asks besides, of each family. */
  readonly rest: Readonly<Record<'v4' | 'v6', CheckedRule['match']>>;
}

/**
 * Pairs of rules of a stage with opposite verdicts that overlap in part. An exception above a wider rule is no such pair:
 * one of the two has to lie outside the other for both. Only what is certain is told, of rules that ask the same besides.
 * Undefined where there are too many rules to compare them.
 */
export function overlappingRules(stage: readonly CheckedRule[], sets: Sets): Overlaps | undefined {
  if (stage.length > MOST_RULES) return undefined;
  const candidates = stage.flatMap((rule) => candidateOf(rule, sets) ?? []);
  const told: Overlap[] = [];
  let count = 0;
  for (let distance = 1; distance < candidates.length; distance++) {
    for (let index = 0; index + distance < candidates.length; index++) {
      const [first, second] = [candidates[index] as Candidate, candidates[index + distance] as Candidate];
      if (first.allows === second.allows || !overlapInPart(first, second)) continue;
      count++;
      if (told.length < MOST_TOLD) told.push({ first: first.rule, second: second.rule });
    }
  }
  return { told, more: count - told.length };
}

function candidateOf(rule: CheckedRule, sets: Sets): Candidate | undefined {
  const { kind } = rule.action;
  if (kind !== 'allow' && kind !== 'drop' && kind !== 'reject') return undefined;
  const [v4, v6] = [boxMatch(rule.match, 'v4', sets), boxMatch(rule.match, 'v6', sets)];
  if (v4.boxes.length + v6.boxes.length > MOST_BOXES) return undefined;
  return {
    rule,
    allows: kind === 'allow',
    spaces: { v4: v4.boxes.map(spaceOf), v6: v6.boxes.map(spaceOf) },
    rest: { v4: v4.rest, v6: v6.rest },
  };
}

function overlapInPart(a: Candidate, b: Candidate): boolean {
  const shares = (['v4', 'v6'] as const).some(
    (family) =>
      implies(a.rest[family], b.rest[family]) &&
      implies(b.rest[family], a.rest[family]) &&
      a.spaces[family].some((one) => b.spaces[family].some((other) => !disjoint(one, other))),
  );
  return shares && !within(a, b) && !within(b, a);
}

/** Whether all that `inner` matches lies in `outer`, box in box. */
const within = (inner: Candidate, outer: Candidate): boolean =>
  (['v4', 'v6'] as const).every((family) =>
    inner.spaces[family].every((space) => outer.spaces[family].some((other) => contains(other, space))),
  );
