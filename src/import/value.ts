import { complement, intersect, normalise, overlap, type Range, sameRanges } from './ranges.ts';

/** Values of a field, written out or by the name of a set. */
export interface Operand {
  /** Normal: sorted, neighbours joined. */
  readonly ranges: readonly Range[];
  /** The name of the policy's set that holds just these. */
  readonly set?: string;
  /** The set takes members later: `ranges` is what they may be, and nobody knows what they are. */
  readonly open?: boolean;
}

/** What is asked cannot be said by lists of values and sets. */
export class NotSaid extends Error {}

/** What a field may be: one of `any` (left out: anything), and none of `none`. As lists in policies are. */
export interface Value {
  readonly any?: readonly Operand[];
  readonly none: readonly Operand[];
}

export const values = (...ranges: Range[]): Value => ({
  any: [{ ranges: normalise(ranges.filter(([lo, hi]) => lo <= hi)) }],
  none: [],
});

/** All that it may be: with sets that are open, more than it is. */
export function rangesOf(value: Value, domain: Range): readonly Range[] {
  const allowed = value.any ? union(value.any) : [domain];
  const none = closed(value.none);
  return none.length === 0 ? allowed : intersect(allowed, others(union(none), domain));
}

const closed = (operands: readonly Operand[]): readonly Operand[] => operands.filter(({ open }) => !open);

export const isOpen = ({ any, none }: Value): boolean => [...(any ?? []), ...none].some(({ open }) => open);

/** What is not in a long list is worked out once, however many rules refer to the list. */
const complements = new WeakMap<readonly Range[], Map<Range, readonly Range[]>>();

function others(ranges: readonly Range[], domain: Range): readonly Range[] {
  const known = complements.get(ranges) ?? new Map<Range, readonly Range[]>();
  complements.set(ranges, known);
  const left = known.get(domain) ?? complement(ranges, domain);
  known.set(domain, left);
  return left;
}

/** Whether nothing is left of the field. */
export function isNothing(value: Value, domain: Range): boolean {
  const none = closed(value.none);
  return !overlap(value.any ? union(value.any) : [domain], none.length === 0 ? [domain] : others(union(none), domain));
}

/** Whether every value of the domain is one. */
export const isAnything = ({ any, none }: Value, domain: Range): boolean =>
  (!any || (closed(any).length === any.length && sameRanges(intersect(union(any), [domain]), [domain]))) &&
  !none.some(({ ranges }) => overlap(ranges, [domain]));

export const union = (operands: readonly Operand[]): readonly Range[] =>
  operands.length === 1 ? (operands[0] as Operand).ranges : normalise(operands.flatMap(({ ranges }) => ranges));

/** Keeps the names of sets where it can. */
export function andValues(a: Value, b: Value): Value {
  const any = andOperands(a.any, b.any);
  const none = [...a.none, ...b.none.filter((one) => !a.none.some((other) => sameOperand(one, other)))];
  if (!any) return { none };
  const allowed = union(any);
  return { any, none: none.filter(({ ranges }) => overlap(allowed, ranges)) };
}

function andOperands(a: Value['any'], b: Value['any']): Value['any'] {
  if (!a || !b) return a ?? b;
  const [ofA, ofB] = [union(a), union(b)];
  const both = intersect(ofA, ofB);
  const [openA, openB] = [a.some(({ open }) => open), b.some(({ open }) => open)];
  // Members that nobody knows: such a list stays whole, or there is nothing at all in both.
  if ((openA || openB) && both.length > 0) {
    if (!openB && sameRanges(both, ofA)) return a;
    if (!openA && sameRanges(both, ofB)) return b;
    if (a.length === b.length && a.every((one, index) => sameOperand(one, b[index] as Operand))) return a;
    throw new NotSaid();
  }
  if (sameRanges(both, ofA)) return a;
  if (sameRanges(both, ofB)) return b;
  return [{ ranges: both }];
}

const sameOperand = (a: Operand, b: Operand): boolean => a.set === b.set && sameRanges(a.ranges, b.ranges);

export function notValue(value: Value, domain: Range): Value {
  if (value.any && value.none.length === 0) return { none: value.any };
  if (!value.any) return { any: value.none, none: [] };
  if (isOpen(value)) throw new NotSaid();
  return { any: [{ ranges: others(rangesOf(value, domain), domain) }], none: [] };
}
