import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '../packet/address.ts';
import { ipv6At } from './ipv6-text.ts';

const word = fc.oneof(fc.constant(0n), fc.constant(0n), fc.bigInt(0n, 0xffffn));
const half = fc.tuple(word, word, word, word).map((words) => words.reduce((sum, one) => (sum << 16n) | one, 0n));

test('an address is written as everywhere else', () => {
  fc.assert(
    fc.property(half, half, (hi, lo) => {
      const view = new DataView(new ArrayBuffer(16));
      view.setBigUint64(0, hi, true);
      view.setBigUint64(8, lo, true);
      expect(ipv6At(view, 0)).toBe(formatAddress({ family: 6, hi, lo }));
    }),
    { numRuns: 2_000 },
  );
});
