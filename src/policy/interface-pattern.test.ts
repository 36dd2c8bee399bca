import { describe, expect, test } from 'vitest';
import {
  exampleInterface,
  exampleName,
  isGlob,
  matchesInterface,
  matchesPattern,
  patternProblem,
  patternsMeet,
} from './interface-pattern.ts';

describe('a glob stands for the names that a shell would take it for', () => {
  test.each([
    ['eth*', ['eth', 'eth0', 'eth0.100'], ['veth0', 'et', 'Eth0']],
    ['veth?', ['veth0', 'vethé'], ['veth', 'veth10']],
    ['wg[0-9]', ['wg0', 'wg9'], ['wg', 'wga', 'wg10']],
    ['wg[!0-9]', ['wga'], ['wg0', 'wg']],
    ['wg[^a]', ['wgb'], ['wga']],
    ['*', ['lo', 'eth0'], []],
    ['*a*b', ['ab', 'xaab', 'a.b'], ['ba', 'abx']],
    ['br-[a-cx-]', ['br-a', 'br-x', 'br--'], ['br-d']],
    ['e[]x]', ['e]', 'ex'], ['e']],
    ['e[*]', ['e*'], ['e0']],
    ['a.b*', ['a.b0'], ['axb0']],
    ['eth0', ['eth0'], ['eth01']],
  ])('%s', (pattern, names, others) => {
    expect(names.filter((name) => !matchesPattern(pattern, name))).toEqual([]);
    expect(others.filter((name) => matchesPattern(pattern, name))).toEqual([]);
  });

  test('a rule is true of what one operand takes in and none leaves out', () => {
    const match = { any: ['eth*', 'wg0'], none: ['eth1', 'eth9?'] };
    expect(['eth0', 'eth1', 'eth95', 'wg0', 'wg1'].map((name) => matchesInterface(match, name))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(exampleInterface({ any: ['eth*', 'wg0'], none: ['eth*'] })).toBe('wg0');
  });
});

test.each([
  ['eth[0-9', 'is no glob'],
  ['eth[]', 'is no glob'],
  ['eth[9-0]', 'is no glob'],
  ['et h*', 'none has a blank'],
  ['a/*', 'none has a blank, a slash'],
  ['????????????????', 'up to 15 bytes'],
  ['sixteen-bytes-00', 'cannot be the name'],
  ['..', 'cannot be the name'],
])('%s is refused', (pattern, why) => expect(patternProblem(pattern)).toContain(why));

test.each(['eth*', 'veth?', 'wg[0-9]', '*', 'eth0', '[*]'])(
  '%s is accepted, and an example of it matches',
  (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
    expect(matchesPattern(pattern, exampleName(pattern) ?? '')).toBe(true);
    expect(isGlob(pattern)).toBe(pattern !== 'eth0');
  },
);

test.each([
  ['eth*', 'eth0', true],
  ['eth*', '*0', true],
  ['eth*', 'veth*', false],
  ['eth[0-3]', 'eth[3-9]', true],
  ['eth[0-3]', 'eth[4-9]', false],
  ['eth[!0-3]', 'eth[0-3]', false],
  ['eth[!0-3]', 'eth[2-4]', true],
  ['eth?', 'eth', false],
  ['a*b*c', '*', true],
  ['*a', '*b', false],
  ['eth0', 'eth1', false],
])('whether %s and %s have a name in common: %s', (one, other, expected) => {
  expect(patternsMeet(one, other)).toBe(expected);
  expect(patternsMeet(other, one)).toBe(expected);
});
