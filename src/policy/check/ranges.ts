import type { NumberRange } from '../checked.ts';

/** The same numbers as sorted, disjoint ranges that do not touch. */
export function normalise(ranges: readonly NumberRange[]): NumberRange[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [lo, hi] of sorted) {
    const last = merged.at(-1);
    if (last && lo <= last[1] + 1) last[1] = Math.max(last[1], hi);
    else merged.push([lo, hi]);
  }
  return merged;
}

/** What of `ranges` is not in `holes`; both normalised. */
export function subtract(ranges: readonly NumberRange[], holes: readonly NumberRange[]): NumberRange[] {
  const left: NumberRange[] = [];
  for (const [lo, hi] of ranges) {
    let next = lo;
    for (const [holeLo, holeHi] of holes) {
      if (holeHi < next || holeLo > hi) continue;
      if (holeLo > next) left.push([next, holeLo - 1]);
      next = holeHi + 1;
    }
    if (next <= hi) left.push([next, hi]);
  }
  return left;
}

/** What is in both; both normalised. */
export function intersect(a: readonly NumberRange[], b: readonly NumberRange[]): NumberRange[] {
  const both: NumberRange[] = [];
  for (const [lo, hi] of a) {
    for (const [otherLo, otherHi] of b) {
      if (otherLo <= hi && otherHi >= lo) both.push([Math.max(lo, otherLo), Math.min(hi, otherHi)]);
    }
  }
  return both;
}

/** The meaning of a list with negations: any of the positive ones (all, where there are none), none of the negated. */
export function anyButNone(
  any: readonly NumberRange[],
  none: readonly NumberRange[],
  hasPositive: boolean,
  domain: NumberRange,
): NumberRange[] {
  return subtract(hasPositive ? normalise(any) : [domain], normalise(none));
}

export function includes(ranges: readonly NumberRange[], value: number): boolean {
  return ranges.some(([lo, hi]) => value >= lo && value <= hi);
}
