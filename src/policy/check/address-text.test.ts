import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAddressRange, readAddressRange } from './address-text.ts';

function read(text: string): string {
  const range = createAddressRange();
  const error = readAddressRange(text, 0, text.length, range);
  const hex = (words: Uint32Array) =>
    (range.family === 4 ? words.subarray(3) : words).reduce(
      (all, word) => all + word.toString(16).padStart(8, '0'),
      '',
    );
  return error ?? `${hex(range.lo)}-${hex(range.hi)}`;
}

test.each([
  ['192.0.2.1', 'c0000201-c0000201'],
  ['0.0.0.0/0', '00000000-ffffffff'],
  ['255.255.255.255', 'ffffffff-ffffffff'],
  ['10.0.0.0/8', '0a000000-0affffff'],
  ['10.0.0.0/32', '0a000000-0a000000'],
  ['10.0.0.0/31', '0a000000-0a000001'],
  ['10.0.0.1-10.0.0.9', '0a000001-0a000009'],
  ['10.0.0.1 - 10.0.0.9', '0a000001-0a000009'],
  ['::', `${'0'.repeat(32)}-${'0'.repeat(32)}`],
  ['::/0', `${'0'.repeat(32)}-${'f'.repeat(32)}`],
  ['2001:db8::/32', `20010db8${'0'.repeat(24)}-20010db8${'f'.repeat(24)}`],
  ['2001:DB8::1', `20010db8${'0'.repeat(23)}1-20010db8${'0'.repeat(23)}1`],
  ['::ffff:192.0.2.1', `${'0'.repeat(20)}ffffc0000201-${'0'.repeat(20)}ffffc0000201`],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008-00010002000300040005000600070008'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000-00010002000300040005000600070000'],
  ['fe80::/65', `fe80${'0'.repeat(28)}-fe8000000000000${'0'.repeat(1)}7${'f'.repeat(15)}`],
])('reads %s', (text, bounds) => {
  expect(read(text)).toBe(bounds);
});

test.each([
  ['', 'syntax'],
  ['10', 'syntax'],
  ['10.1', 'syntax'],
  ['10.0.0.256', 'syntax'],
  ['10.0.0.1.2', 'syntax'],
  ['10.0.0.', 'syntax'],
  ['.10.0.0.1', 'syntax'],
  ['0x7f.0.0.1', 'syntax'],
  ['010.0.0.1', 'leading-zero'],
  ['10.0.0.00', 'leading-zero'],
  ['10.0.0.1/8', 'host-bits'],
  ['10.0.0.0/', 'prefix-length'],
  ['10.0.0.0/33', 'prefix-length'],
  ['10.0.0.0/-1', 'prefix-length'],
  ['10.0.0.0/8/8', 'prefix-length'],
  [':', 'syntax'],
  [':::', 'syntax'],
  ['1:2', 'syntax'],
  ['::1::', 'syntax'],
  ['1:2:3:4:5:6:7:8:9', 'syntax'],
  ['1:2:3:4:5:6:7:8::', 'syntax'],
  ['1::2:3:4:5:6:7:8', 'syntax'],
  ['12345::', 'syntax'],
  ['1:', 'syntax'],
  ['g::', 'syntax'],
  ['::1.2.3', 'syntax'],
  ['1:2:3:4:5:6:7:1.2.3.4', 'syntax'],
  ['fe80::1%eth0', 'zone'],
  ['2001:db8::1/64', 'host-bits'],
  ['2001:db8::/129', 'prefix-length'],
  ['10.0.0.1-::1', 'mixed-families'],
  ['10.0.0.2-10.0.0.1', 'reversed'],
  ['2001:db8::2-2001:db8::1', 'reversed'],
  ['10.0.0.1-', 'syntax'],
])('refuses %s: %s', (text, error) => {
  expect(read(text)).toBe(error);
});

test('reads what it is given of a longer text', () => {
  const range = createAddressRange();
  expect(readAddressRange('xx::1/128yy', 2, 9, range)).toBeUndefined();
  expect([...range.lo]).toEqual([0, 0, 0, 1]);
});

test('every IPv6 address, in any of its notations, is read as its bits', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const full = groups.map((one) => one.toString(16)).join(':');
      const bits = groups.map((one) => one.toString(16).padStart(4, '0')).join('');
      expect(read(full)).toBe(`${bits}-${bits}`);
      const short = full.replace(/\b0(?::0)+\b/, ':').replace(/^:$|:{3,}/, '::');
      expect(read(short)).toBe(`${bits}-${bits}`);
    }),
    { numRuns: 500 },
  );
});
