import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAddressRangesBuilder } from './address-ranges.ts';
import { createAddressRange, readAddressRange } from './address-text.ts';

function build(...texts: readonly string[]) {
  const builder = createAddressRangesBuilder();
  const range = createAddressRange();
  for (const text of texts) {
    expect(readAddressRange(text, 0, text.length, range)).toBeUndefined();
    builder.add(range);
  }
  return builder.build();
}

test('ranges come out sorted, and joined where they overlap or touch', () => {
  expect([...build('10.0.1.0/24', '10.0.0.0/24', '10.0.0.7', '10.0.3.0/24').v4]).toEqual([
    0x0a000000, 0x0a0001ff, 0x0a000300, 0x0a0003ff,
  ]);
  expect([...build('2001:db8:1::/48', '2001:db8::/48', '2001:db8:3::/48').v6]).toEqual([
    0x20010db8_00000000n,
    0n,
    0x20010db8_0001ffffn,
    0xffffffff_ffffffffn,
    0x20010db8_00030000n,
    0n,
    0x20010db8_0003ffffn,
    0xffffffff_ffffffffn,
  ]);
});

test('the last address of a family does not overflow', () => {
  expect([...build('255.255.255.255', '0.0.0.0/0').v4]).toEqual([0, 0xffffffff]);
  expect(build('ffff::/16', '::/0', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff').v6.length).toBe(4);
});

test('all ranges of another list can be added', () => {
  const builder = createAddressRangesBuilder();
  const ranges = build('10.0.0.0/8', '2001:db8::/32');
  builder.addAll(ranges);
  builder.addAll(build('11.0.0.0/8'));
  expect([...builder.build().v4]).toEqual([0x0a000000, 0x0bffffff]);
  expect(builder.build().v6).toEqual(ranges.v6);
});

/** Small numbers in the low and the high words, so that ranges meet. */
const address = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 40 }));

test('an address is in the list exactly when it is in one of the ranges', () => {
  const range = fc.tuple(fc.constantFrom(4 as const, 6 as const), address, fc.nat(9));
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 30 }),
      fc.constantFrom(4 as const, 6 as const),
      address,
      (list, family, probe) => {
        const builder = createAddressRangesBuilder();
        for (const [of, [high, low], span] of list) {
          const words = (last: number) => Uint32Array.of(0, of === 6 ? high : 0, 0, last);
          builder.add({ family: of, lo: words(low), hi: words(low + span) });
        }
        const [high, low] = probe;
        const expected = list.some(
          ([of, [rangeHigh, lo], span]) =>
            of === family && (family === 4 || rangeHigh === high) && low >= lo && low <= lo + span,
        );
        const { v4, v6 } = builder.build();
        const inV4 = () => v4.some((lo, at) => at % 2 === 0 && low >= lo && low <= (v4[at + 1] ?? 0));
        const key = (BigInt(high) << 64n) | BigInt(low);
        const bound = (at: number) => ((v6[at] ?? 0n) << 64n) | (v6[at + 1] ?? 0n);
        const inV6 = () => v6.some((_, at) => at % 4 === 0 && key >= bound(at) && key <= bound(at + 2));
        expect(family === 4 ? inV4() : inV6()).toBe(expected);
      },
    ),
    { numRuns: 500 },
  );
});
