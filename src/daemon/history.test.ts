import { expect, test } from 'vitest';
import { type History, openHistory } from './history.ts';
import { outcome } from './revision.ts';

const add = (history: History, text: string): number => {
  const { number } = history.add({
    time: '2026-01-01T00:00:00.000Z',
    change: { kind: 'apply' },
    policy: { path: '/edge.yaml', text },
    outcome: outcome('pending'),
    place: 'here',
  });
  history.settle(number, outcome('confirmed'));
  return number;
};

test.each([
  ['revisions', { revisions: 3, bytes: 1e6 }, 3],
  ['bytes', { revisions: 100, bytes: 250 }, 2],
])('a folder that is never writable costs no more memory than it would disk: %s', (_, limits, kept) => {
  const history = openHistory('/dev/null/history', limits);
  const numbers = Array.from({ length: 20 }, () => add(history, 'x'.repeat(100)));
  expect(history.revisions.map(({ number }) => number)).toEqual(numbers.slice(-kept));
  expect(history.read(20)?.policy?.text).toHaveLength(100);
  expect(history.read(1)).toBeUndefined();
  expect(history.problems).toMatchObject([{ code: 'daemon/history-not-written' }]);
});
