import { expect, it } from 'vitest';
import { cpuListLength } from './cpus.ts';
import { isAtLeast, kernelVersion } from './kernel-version.ts';

it.each([
  ['0', 1],
  ['0-1\n', 2],
  ['0-3,8', 9],
  ['0,2-5\n', 6],
])('CPU list %j reaches %i CPUs', (list, count) => {
  expect(cpuListLength(list)).toBe(count);
});

it('compares kernel versions by number', () => {
  expect(kernelVersion('6.18.44-fc-v669')).toEqual([6, 18]);
  expect(kernelVersion('5.15.0-1034-azure')).toEqual([5, 15]);
  expect(isAtLeast([6, 2], '5.18')).toBe(true);
  expect(isAtLeast([5, 18], '5.18')).toBe(true);
  expect(isAtLeast([5, 9], '5.18')).toBe(false);
});
