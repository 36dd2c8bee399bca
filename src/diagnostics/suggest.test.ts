import { expect, test } from 'vitest';
import { closest } from './suggest.ts';

const names = ['admins', 'blocked', 'web'];

test.each([
  ['admin', 'admins'],
  ['amdins', 'admins'],
  ['Blocked', 'blocked'],
  ['wbe', 'web'],
])('%s was meant to be %s', (word, meant) => {
  expect(closest(word, names)).toBe(meant);
});

test('names nothing where nothing is near', () => {
  expect(closest('servers', names)).toBeUndefined();
  expect(closest('x', names)).toBeUndefined();
  expect(closest('', names)).toBeUndefined();
});
