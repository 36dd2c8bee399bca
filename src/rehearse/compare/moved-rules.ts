import type { CheckedMatch, CheckedRule, NumberRange } from '../../policy/checked.ts';
import { sameContent } from '../rule-content.ts';
import type { RulePair } from './compare-policies.ts';

/** Rules that a moved one is compared with before it is taken for one that matters. */
const MOST_COMPARED = 2000;

/**
 * Of rules that are in both policies, in the order of `after`, those that moved to the other side of one with another
 * action that may match the same packets: that one. As few rules as possible are said to have moved.
 */
export function movedRules(pairs: readonly RulePair[]): ReadonlyMap<CheckedRule, CheckedRule> {
  const moved = new Map<CheckedRule, CheckedRule>();
  const stayed = longestInOrder(pairs.map(({ before }) => before.index));
  for (const [place, pair] of pairs.entries()) {
    if (stayed.has(place)) continue;
    const past = firstPast(pair, place, pairs);
    if (past) moved.set(pair.after, past);
  }
  return moved;
}

function firstPast(pair: RulePair, place: number, pairs: readonly RulePair[]): CheckedRule | undefined {
  let compared = 0;
  for (const [other, { before, after }] of pairs.entries()) {
    const wasBefore = before.index < pair.before.index;
    if (other === place || wasBefore === other < place) continue;
    if (sameContent(after.action, pair.after.action)) continue;
    if (++compared > MOST_COMPARED || mayBothMatch(after.match, pair.after.match)) return after;
  }
  return undefined;
}

/** By protocols and ports alone: that addresses have nothing in common is not looked into. */
function mayBothMatch(a: CheckedMatch, b: CheckedMatch): boolean {
  return meetProtocols(a.protocol, b.protocol) && meet(a.port, b.port) && meet(a.fromPort, b.fromPort);
}

function meetProtocols(a: CheckedMatch['protocol'], b: CheckedMatch['protocol']): boolean {
  if (a === undefined || b === undefined) return true;
  return (a.arp && b.arp) || meet(a.v4, b.v4) || meet(a.v6, b.v6);
}

function meet(a: readonly NumberRange[] | undefined, b: readonly NumberRange[] | undefined): boolean {
  if (a === undefined || b === undefined) return true;
  return a.some(([lo, hi]) => b.some(([from, to]) => lo <= to && from <= hi));
}

/** Places of a longest subsequence whose numbers rise (Schensted 1961, by patience sorting). */
function longestInOrder(numbers: readonly number[]): ReadonlySet<number> {
  const ends: number[] = [];
  const previous = new Int32Array(numbers.length).fill(-1);
  for (const [place, number] of numbers.entries()) {
    let [first, behind] = [0, ends.length];
    while (first < behind) {
      const middle = (first + behind) >> 1;
      if ((numbers[ends[middle] as number] as number) < number) first = middle + 1;
      else behind = middle;
    }
    if (first > 0) previous[place] = ends[first - 1] as number;
    ends[first] = place;
  }
  const stayed = new Set<number>();
  for (let place = ends.at(-1) ?? -1; place >= 0; place = previous[place] as number) stayed.add(place);
  return stayed;
}
