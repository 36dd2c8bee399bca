import { expect, test } from 'vitest';
import { formatAgo, formatBytes, formatCount, formatDuration, formatShare, plural } from './numbers.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [12_345_678_901_234_567_890n, '12,345,678,901,234,567,890'],
])('%d is counted as %s', (count, text) => expect(formatCount(count)).toBe(text));

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [1024 ** 2 * 200, '200 MiB'],
  [2n ** 63n, '8.0 EiB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0, 10, '0%'],
  [1, 1000, '<1%'],
  [1, 3, '33%'],
  [0, 0, ''],
])('%d of %d is %s', (part, whole, text) => expect(formatShare(part, whole)).toBe(text));

test('one is no plural', () => {
  expect([plural(1, 'rule'), plural(0, 'rule'), plural(1200, 'prefix', 'prefixes')]).toEqual([
    '1 rule',
    '0 rules',
    '1,200 prefixes',
  ]);
});

test('times are told in the largest unit that they fill', () => {
  expect([59, 60, 3599, 7200, 200_000].map(formatDuration)).toEqual(['59 s', '1 min', '59 min', '2 h', '2 d']);
  const now = new Date(100_000);
  expect([null, now, new Date(70_000)].map((time) => formatAgo(time, now))).toEqual(['never', 'now', '30 s ago']);
});
