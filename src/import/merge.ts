/** Lists longer than this are not worth the square of their lengths. */
const MOST_CELLS = 2 ** 24;

/** Something of one family's list; the same key in the other list is the same thing. */
export interface Keyed {
  readonly key: string;
}

/**
 * Both lists in one, each in its order, what stands in both once: the longest common subsequence. Packets are of one
 * family only, so that rules of different families may stand in any order.
 */
export function mergeFamilies<T extends Keyed>(
  a: readonly T[],
  b: readonly T[],
): { item: T; of: 'a' | 'b' | 'both' }[] {
  if (a.length * b.length > MOST_CELLS) {
    return [...a.map((item) => ({ item, of: 'a' as const })), ...b.map((item) => ({ item, of: 'b' as const }))];
  }
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const skipping = Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
      common[i * width + j] = a[i]?.key === b[j]?.key ? 1 + (common[(i + 1) * width + j + 1] ?? 0) : skipping;
    }
  }
  const merged: { item: T; of: 'a' | 'b' | 'both' }[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [first, second] = [a[i], b[j]];
    if (first && second && first.key === second.key) {
      merged.push({ item: first, of: 'both' });
      i++;
      j++;
    } else if (first && (!second || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))) {
      merged.push({ item: first, of: 'a' });
      i++;
    } else if (second) {
      merged.push({ item: second, of: 'b' });
      j++;
    }
  }
  return merged;
}
