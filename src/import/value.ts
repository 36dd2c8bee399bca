import { complement, intersect, normalise, overlap, type Range, sameRanges } from './ranges.ts';

/** Values of a field, written out or by the name of a set. */
export interface Operand {
  /** Normal: sorted, neighbours joined. */
  readonly ranges: readonly Range[];
  /** The name of the policy's set that holds just these. */
  readonly set?: string;
}

/** What a field may be: one of `any` (left out: anything), and none of `none`. As lists in policies are. */
export interface Value {
  readonly any?: readonly Operand[];
  readonly none: readonly Operand[];
}

export const values = (...ranges: Range[]): Value => ({
  any: [{ ranges: normalise(ranges.filter(([lo, hi]) => lo <= hi)) }],
  none: [],
});

export function rangesOf({ any, none }: Value, domain: Range): readonly Range[] {
  const allowed = any ? union(any) : [domain];
  return none.length === 0 ? allowed : intersect(allowed, others(union(none), domain));
}

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
export const isNothing = ({ any, none }: Value, domain: Range): boolean =>
  !overlap(any ? union(any) : [domain], none.length === 0 ? [domain] : others(union(none), domain));

/** Whether every value of the domain is one. */
export const isAnything = ({ any, none }: Value, domain: Range): boolean =>
  (!any || sameRanges(intersect(union(any), [domain]), [domain])) &&
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
  if (sameRanges(both, ofA)) return a;
  if (sameRanges(both, ofB)) return b;
  return [{ ranges: both }];
}

const sameOperand = (a: Operand, b: Operand): boolean => a.set === b.set && sameRanges(a.ranges, b.ranges);

export function notValue(value: Value, domain: Range): Value {
  if (value.any && value.none.length === 0) return { none: value.any };
  if (!value.any) return { any: value.none, none: [] };
  return { any: [{ ranges: others(rangesOf(value, domain), domain) }], none: [] };
}
