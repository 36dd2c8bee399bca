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

/** Both have to be normal, and so is the result: one of the two itself where it lies in the other. */
export function intersect(a: readonly Range[], b: readonly Range[]): readonly Range[] {
  // Block lists of many thousands are mostly met by the range of a family, rule after rule.
  if (apart(a, b)) return [];
  if (isWithinOne(a, b)) return a;
  if (isWithinOne(b, a)) return b;
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

/** Whether they have anything in common. */
export function overlap(a: readonly Range[], b: readonly Range[]): boolean {
  if (apart(a, b)) return false;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [x, y] = [a[i] as Range, b[j] as Range];
    if (x[0] <= y[1] && y[0] <= x[1]) return true;
    if (x[1] < y[1]) i++;
    else j++;
  }
  return false;
}

/** Whether one ends before the other begins. */
function apart(a: readonly Range[], b: readonly Range[]): boolean {
  const [firstA, lastA, firstB, lastB] = [a[0], a.at(-1), b[0], b.at(-1)];
  return !firstA || !lastA || !firstB || !lastB || lastA[1] < firstB[0] || lastB[1] < firstA[0];
}

function isWithinOne(inner: readonly Range[], outer: readonly Range[]): boolean {
  const [whole, another] = outer;
  const [first, last] = [inner[0], inner.at(-1)];
  if (whole === undefined || another !== undefined || !first || !last) return false;
  return whole[0] <= first[0] && last[1] <= whole[1];
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
  return a === b || (a.length === b.length && a.every(([lo, hi], i) => lo === b[i]?.[0] && hi === b[i]?.[1]));
}
