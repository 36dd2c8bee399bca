import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeFamilies } from './merge.ts';

const keyed = (text: string) => [...text].map((key) => ({ key }));
const merged = (a: string, b: string) => mergeFamilies(keyed(a), keyed(b));
const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 30 });

test('each list stays in its order, and what is in both stands once where it can', () => {
  fc.assert(
    fc.property(letters, letters, (a, b) => {
      const items = merged(a, b);
      const keysOf = (other: string) => items.flatMap(({ item, of }) => (of === other ? [] : [item.key])).join('');
      expect([keysOf('b'), keysOf('a')]).toEqual([a, b]);
      expect(items.length).toBe(a.length + b.length - commonLength(a, b));
    }),
    { numRuns: 500 },
  );
});

test('ten thousand rules that differ here and there are merged at once', () => {
  const list = (step: number) =>
    Array.from({ length: 10_000 }, (_, i) => ({ key: i % step ? `${i}` : `${i} ${step}` }));
  const start = performance.now();
  expect(mergeFamilies(list(50), list(70))).toHaveLength(10_000 + 200 + 143 - 29);
  expect(performance.now() - start).toBeLessThan(2000);
});

/** The longest common subsequence, by the table that has a cell for each pair. */
function commonLength(a: string, b: string): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const letter of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) {
      next.push(b[j] === letter ? (row[j] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
