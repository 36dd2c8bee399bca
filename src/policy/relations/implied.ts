import { isDeepStrictEqual } from 'node:util';
import type { CheckedMatch, InterfaceMatch, NumberRange } from '../checked.ts';
import { isGlob, matchesAny, patternsMeet } from '../interface-pattern.ts';

/** Keys whose ranges may lie in one another. */
const ranged = new Set<string>(['length', 'ttl', 'dscp', 'vlan', 'port', 'fromPort']);

/** Whether a packet that `match` is true of is certain to be one that each of `asked` is true of. */
export function implies(match: CheckedMatch, asked: CheckedMatch): boolean {
  for (const key of Object.keys(asked) as (keyof CheckedMatch)[]) {
    const [said, wanted] = [match[key], asked[key]];
    if (said === undefined) return false;
    if (said === wanted || isDeepStrictEqual(said, wanted)) continue;
    if (key === 'interface' && isWithin(match.interface, asked.interface)) continue;
    if (ranged.has(key) && rangesWithin(said as readonly NumberRange[], wanted as readonly NumberRange[])) continue;
    return false;
  }
  return true;
}

/** Of names alone: whether a glob lies in others is not asked. */
const isWithin = (some: InterfaceMatch | undefined, all: InterfaceMatch | undefined): boolean =>
  some !== undefined &&
  all !== undefined &&
  some.any.every((one) => all.any.includes(one) || (!isGlob(one) && matchesAny(all.any, one))) &&
  all.none.every((one) => some.none.includes(one) || !some.any.some((taken) => patternsMeet(taken, one)));

const rangesWithin = (some: readonly NumberRange[], all: readonly NumberRange[]): boolean =>
  some.every(([lo, hi]) => all.some(([from, to]) => from <= lo && hi <= to));
