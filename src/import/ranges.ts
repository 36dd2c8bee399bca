/** From `lo` to `hi`, both included. */
export type Range = readonly [lo: bigint, hi: bigint];

/** Sorted, neighbours joined. */
export function normalise(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const joined: [bigint, bigint][] = [];
  for (const [lo, hi] of sorted) {
    const last = joined.at(-1);
    if (last && lo <= last[1] + 1n) last[1] = hi > last[1] ? hi : last[1];
    else joined.push([lo, hi]);
  }
  return joined;
}

/** Both have to be normal, and so is the result. */
export function intersect(a: readonly Range[], b: readonly Range[]): Range[] {
  const both: Range[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i] as Range, b[j] as Range];
    const lo = x[0] > y[0] ? x[0] : y[0];
    const hi = x[1] < y[1] ? x[1] : y[1];
    if (lo <= hi) both.push([lo, hi]);
    if (x[1] < y[1]) i++;
    else j++;
  }
  return both;
}

/** What `ranges`, which are normal, leave of the domain. */
export function complement(ranges: readonly Range[], [first, last]: Range): Range[] {
  const left: Range[] = [];
  let next = first;
  for (const [lo, hi] of ranges) {
    if (lo > next) left.push([next, lo - 1n]);
    next = hi + 1n;
  }
  if (next <= last) left.push([next, last]);
  return left;
}

export function sameRanges(a: readonly Range[], b: readonly Range[]): boolean {
  return a.length === b.length && a.every(([lo, hi], i) => lo === b[i]?.[0] && hi === b[i]?.[1]);
}
