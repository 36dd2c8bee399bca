import type { CheckedMatch, CheckedPolicy, CheckedRule } from '../checked.ts';
import { type BoxedMatch, boxMatch } from '../classifier/rule-boxes.ts';
import { neighbourMatch } from '../neighbour.ts';
import { contains, disjoint, type Space, spaceOf, subtract } from './box-space.ts';
import { implies } from './implied.ts';
import { createSpaceIndex, type Indexed, type SpaceIndex } from './space-index.ts';

/** A rule that gets no packet: rules before it in the packet's way take each one that it would match. */
export interface TakenRule {
  readonly rule: CheckedRule;
  /** Those that would take them all without the others before it, in their order. */
  readonly by: readonly CheckedRule[];
}

export interface Taken {
  readonly taken: readonly TakenRule[];
  /** Rules that were not looked at, for there are so many to compare them with. */
  readonly unexamined: number;
}

type Sets = CheckedPolicy['sets'];

/** Comparisons of two boxes, all in all: some hundred nanoseconds each. The same policy always gets the same answer. */
const MOST_STEPS = 2_000_000;
/** A rule that is in so many parts after others were taken out is left undecided. */
const MOST_PARTS = 128;
/** Of more that take a rule's packets together it is not worked out which could be left out. */
const FEW_TAKERS = 32;
/** So many comparisons may be made before their time: costly rules are not where cheap ones are. */
const AHEAD = 50_000;
/** Up to so many rules are each compared with all before them. */
const FEW_RULES = 1500;

/**
 * The rules of a chain that no packet gets to. Only what is certain is told: what boxes cannot say (a filter, bytes of
 * the payload, sets that change) has to be the same in both rules. With many rules, what several rules take together is
 * found where each has all the addresses of the rule that it hides.
 *
 * @param chain rules in the packet's order: those of the prefilter, then of ingress
 * @param fewRules up to so many are compared each with each
 */
export function takenRules(chain: readonly CheckedRule[], sets: Sets, fewRules = FEW_RULES): Taken {
  const few = chain.length <= fewRules;
  const index = { v4: createSpaceIndex(few), v6: createSpaceIndex(few) };
  const others: CheckedRule[] = [];
  const taken: TakenRule[] = [];
  const budget = { steps: MOST_STEPS };
  // Of what cannot all be compared in time a sample is, spread over the whole chain.
  const share = MOST_STEPS / Math.max(chain.length, 1);
  let [examinable, unexamined] = [0, 0];
  for (const rule of chain) {
    const boxed = { v4: boxMatch(rule.match, 'v4', sets), v6: boxMatch(rule.match, 'v6', sets) };
    const isEmpty = boxed.v4.boxes.length + boxed.v6.boxes.length === 0 && !matchesOthers(rule.match);
    // What a rule asks of neighbours, those before it do not take.
    if (!isEmpty && !neighbourMatch(rule.match)) {
      if (MOST_STEPS - budget.steps > share * examinable++ + AHEAD) unexamined++;
      else {
        const by = takers({ rule, boxed }, others, index, budget);
        if (by) taken.push({ rule, by });
      }
    }
    if (!isTerminal(rule)) continue;
    for (const family of ['v4', 'v6'] as const) {
      const { boxes, rest } = boxed[family];
      for (const box of boxes) index[family].add({ rule, space: spaceOf(box), rest });
    }
    if (matchesOthers(rule.match)) others.push(rule);
  }
  return { taken, unexamined };
}

const isTerminal = ({ action: { kind } }: CheckedRule): boolean =>
  kind === 'allow' || kind === 'drop' || kind === 'reject';

function takers(
  { rule, boxed }: { readonly rule: CheckedRule; readonly boxed: Readonly<Record<'v4' | 'v6', BoxedMatch>> },
  others: readonly CheckedRule[],
  index: Readonly<Record<'v4' | 'v6', SpaceIndex>>,
  budget: { steps: number },
): readonly CheckedRule[] | undefined {
  const by = new Set<CheckedRule>();
  if (matchesOthers(rule.match)) {
    const one = others.find(({ match }) => {
      budget.steps--;
      return implies(rule.match, match);
    });
    if (!one) return undefined;
    by.add(one);
  }
  for (const family of ['v4', 'v6'] as const) {
    for (const box of boxed[family].boxes) {
      const found = takersOf(spaceOf(box), rule, index[family], budget);
      if (!found) return undefined;
      for (const one of found) by.add(one);
    }
  }
  return [...by].sort((a, b) => a.index - b.index);
}

/** The rules that take all of one box, in their order; undefined where they leave something, or that is not certain. */
function takersOf(
  space: Space,
  rule: CheckedRule,
  index: SpaceIndex,
  budget: { steps: number },
): CheckedRule[] | undefined {
  const candidates: Indexed[] = [];
  for (const one of index.near(space)) {
    if (--budget.steps <= 0) return undefined;
    if (!disjoint(one.space, space) && implies(rule.match, one.rest)) candidates.push(one);
  }
  candidates.sort((a, b) => a.rule.index - b.rule.index);
  const takers = covering(space, candidates, budget);
  // One that takes a part which the others take as well explains nothing.
  let needed = takers;
  for (const one of takers && takers.length <= FEW_TAKERS ? takers : []) {
    const without = needed?.filter((other) => other !== one) ?? [];
    if (covering(space, without, budget)) needed = without;
  }
  return needed?.map(({ rule: taker }) => taker);
}

/** Those of the candidates that take a part of the space each, and all of it together. */
function covering(
  space: Space,
  candidates: readonly Indexed[],
  budget: { steps: number },
): readonly Indexed[] | undefined {
  const by: Indexed[] = [];
  let left: Space[] = [space];
  for (const one of candidates) {
    budget.steps -= left.length;
    if (left.every((part) => disjoint(one.space, part))) continue;
    left = left.flatMap((part) => (contains(one.space, part) ? [] : subtract(part, one.space)));
    by.push(one);
    if (left.length === 0) return by;
    if (left.length > MOST_PARTS) return undefined;
  }
  return undefined;
}

const ipKeys = [
  'from',
  'to',
  'fromPort',
  'port',
  'tcpFlags',
  'icmpType',
  'icmpCode',
  'ttl',
  'dscp',
  'fragment',
] as const;

/** Whether it may be true of packets that are neither IPv4 nor IPv6, nor neighbours. */
const matchesOthers = (match: CheckedMatch): boolean =>
  match.protocol === undefined && ipKeys.every((key) => match[key] === undefined);
