import { isDeepStrictEqual } from 'node:util';
import type { CheckedMatch, NumberRange } from '../checked.ts';

/** Keys whose ranges may lie in one another. */
const ranged = new Set<string>(['length', 'ttl', 'dscp', 'vlan', 'port', 'fromPort']);

/** Whether a packet that `match` is true of is certain to be one that each of `asked` is true of. */
export function implies(match: CheckedMatch, asked: CheckedMatch): boolean {
  for (const key of Object.keys(asked) as (keyof CheckedMatch)[]) {
    const [said, wanted] = [match[key], asked[key]];
    if (said === undefined) return false;
    if (said === wanted || isDeepStrictEqual(said, wanted)) continue;
    if (key === 'interface' && isWithin(match.interface ?? [], asked.interface ?? [])) continue;
    if (ranged.has(key) && rangesWithin(said as readonly NumberRange[], wanted as readonly NumberRange[])) continue;
    return false;
  }
  return true;
}

const isWithin = (some: readonly string[], all: readonly string[]): boolean => some.every((one) => all.includes(one));

const rangesWithin = (some: readonly NumberRange[], all: readonly NumberRange[]): boolean =>
  some.every(([lo, hi]) => all.some(([from, to]) => from <= lo && hi <= to));
