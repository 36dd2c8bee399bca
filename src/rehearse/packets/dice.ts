import type { NumberRange } from '../../policy/checked.ts';
import type { Random } from '../../policy/random.ts';

/** How values are drawn: the first attempt takes those that people would write, later ones any that are allowed. */
export interface Dice {
  readonly random: Random;
  readonly plain: boolean;
}

/** One of `ranges`' numbers, one of the `usual` ones where it may be. Undefined where there is none. */
export function drawNumber(
  ranges: readonly NumberRange[],
  usual: readonly number[],
  { random, plain }: Dice,
): number | undefined {
  if (ranges.length === 0) return undefined;
  if (plain || random(2) === 0) {
    const fitting = usual.filter((value) => isWithin(ranges, value));
    if (fitting.length > 0) return fitting[plain ? 0 : random(fitting.length)];
  }
  const [lo, hi] = ranges[plain ? 0 : random(ranges.length)] as NumberRange;
  return plain ? lo : lo + random(hi - lo + 1);
}

export function isWithin(ranges: readonly NumberRange[], value: number): boolean {
  return ranges.some(([lo, hi]) => lo <= value && value <= hi);
}

/** The numbers of `ranges` from `first` to `last`. */
export function between(ranges: readonly NumberRange[], first: number, last: number): NumberRange[] {
  return ranges
    .map(([lo, hi]): NumberRange => [Math.max(lo, first), Math.min(hi, last)])
    .filter(([lo, hi]) => lo <= hi);
}

/** The numbers of `values` that lie in `ranges`, each a range of its own. */
export function among(ranges: readonly NumberRange[], values: Iterable<number>): NumberRange[] {
  return [...values].filter((value) => isWithin(ranges, value)).map((value): NumberRange => [value, value]);
}

/** Ranges whose edges are looked at. */
export const MOST_RANGES = 8;

/**
 * Next to the range that holds `value` on either side, then the edges of all ranges, without `value` itself.
 * @param last what the field can hold
 */
export function edgeNumbers(ranges: readonly NumberRange[], value: number, last: number): number[] {
  const [lo, hi] = ranges.find(([from, to]) => from <= value && value <= to) ?? [value, value];
  const edges = [hi + 1, ...ranges.slice(0, MOST_RANGES).flat(), lo - 1];
  return [...new Set(edges)].filter((edge) => edge >= 0 && edge <= last && edge !== value);
}
