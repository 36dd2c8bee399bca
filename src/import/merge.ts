/** Something of one family's list; the same key in the other list is the same thing. */
export interface Keyed {
  readonly key: string;
}

export interface Merged<T> {
  readonly item: T;
  readonly of: 'a' | 'b' | 'both';
}

/** Lists that differ in more places are not worth the square of their number. */
const MOST_DIFFERENCES = 4000;

/**
 * Both lists in one, each in its order, what stands in both once. Packets are of one family only, so that rules of
 * different families may stand in any order. The shortest merge, as E. W. Myers finds it ("An O(ND) Difference Algorithm
 * and Its Variations", 1986): its time grows with what differs, not with the square of what is long.
 */
export function mergeFamilies<T extends Keyed>(a: readonly T[], b: readonly T[]): Merged<T>[] {
  const same = (i: number, j: number): boolean => a[i]?.key === b[j]?.key;
  const merged: Merged<T>[] = [];
  let start = 0;
  const shorter = Math.min(a.length, b.length);
  while (start < shorter && same(start, start)) merged.push({ item: a[start++] as T, of: 'both' });
  let end = 0;
  while (end < shorter - start && same(a.length - 1 - end, b.length - 1 - end)) end++;
  merged.push(...mergeDifferent(a.slice(start, a.length - end), b.slice(start, b.length - end)));
  for (const item of a.slice(a.length - end)) merged.push({ item, of: 'both' });
  return merged;
}

function mergeDifferent<T extends Keyed>(a: readonly T[], b: readonly T[]): Merged<T>[] {
  const most = Math.min(a.length + b.length, MOST_DIFFERENCES);
  // reached[k + most]: how far into `a` one gets on the diagonal k = i - j.
  const reached = new Int32Array(2 * most + 3);
  const trace: Int32Array[] = [];
  for (let differences = 0; differences <= most; differences++) {
    trace.push(reached.slice(most - differences, most + differences + 2));
    for (let k = -differences; k <= differences; k += 2) {
      const down = stepDown(reached, most, k, differences);
      let i = down ? at(reached, most + k + 1) : at(reached, most + k - 1) + 1;
      while (i < a.length && i - k < b.length && a[i]?.key === b[i - k]?.key) i++;
      reached[most + k] = i;
      if (i >= a.length && i - k >= b.length) return walkBack(a, b, trace);
    }
  }
  return [...a.map((item) => ({ item, of: 'a' as const })), ...b.map((item) => ({ item, of: 'b' as const }))];
}

/** Whether the furthest way to diagonal `k` comes from the one above, by an element of `b`. */
const stepDown = (reached: Int32Array, middle: number, k: number, differences: number): boolean =>
  k === -differences || (k !== differences && at(reached, middle + k - 1) < at(reached, middle + k + 1));

function walkBack<T>(a: readonly T[], b: readonly T[], trace: readonly Int32Array[]): Merged<T>[] {
  const merged: Merged<T>[] = [];
  let [i, j] = [a.length, b.length];
  for (let differences = trace.length - 1; differences >= 0; differences--) {
    const reached = trace[differences] as Int32Array;
    const k = i - j;
    const down = stepDown(reached, differences, k, differences);
    const before = differences === 0 ? 0 : at(reached, differences + (down ? k + 1 : k - 1));
    const start = differences === 0 || down ? before : before + 1;
    for (; i > start; j--) merged.push({ item: a[--i] as T, of: 'both' });
    if (differences === 0) break;
    if (down) merged.push({ item: b[--j] as T, of: 'b' });
    else merged.push({ item: a[--i] as T, of: 'a' });
  }
  return merged.reverse();
}

const at = (numbers: Int32Array, index: number): number => numbers[index] as number;
