import fc from 'fast-check';
import { formatAddress } from '../../src/packet/address.ts';

const BITS = { 4: 32, 6: 128 } as const;

/** Neighbourhoods that addresses are drawn from again and again, so that prefixes nest and touch. */
const neighbourhoods = {
  4: [0xc0000200n, 0xc6336400n, 0xcb007100n, 0x0a000000n, 0n, 0xfffffff0n],
  6: [0x20010db8n << 96n, (0x20010db8n << 96n) | (0xadn << 80n), 0xfe80n << 112n, 0xff02n << 112n, 0n],
} as const;

export function addressText(family: 4 | 6, address: bigint): string {
  return formatAddress({ family, hi: address >> 64n, lo: address & 0xffff_ffff_ffff_ffffn });
}

const address = (family: 4 | 6): fc.Arbitrary<bigint> => {
  const last = (1n << BigInt(BITS[family])) - 1n;
  const near = fc
    .tuple(fc.constantFrom(...neighbourhoods[family]), fc.bigInt({ min: 0n, max: 300n }))
    .map(([base, step]) => (base + step > last ? last : base + step));
  return fc.oneof({ weight: 4, arbitrary: near }, { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: last }) });
};

const single = (family: 4 | 6): fc.Arbitrary<string> => address(family).map((one) => addressText(family, one));

const prefix = (family: 4 | 6): fc.Arbitrary<string> => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: BITS[family] }), fc.constantFrom(BITS[family] - 8, BITS[family]));
  return fc.tuple(address(family), lengths).map(([one, length]) => {
    const behind = BigInt(BITS[family] - length);
    return `${addressText(family, (one >> behind) << behind)}/${length}`;
  });
};

const range = (family: 4 | 6): fc.Arbitrary<string> =>
  fc.tuple(address(family), address(family)).map(([a, b]) => {
    const [first, last] = a < b ? [a, b] : [b, a];
    return `${addressText(family, first)}-${addressText(family, last)}`;
  });

/** An address, a prefix or a range, as a policy writes it. */
export const addressLiteral = (): fc.Arbitrary<string> =>
  fc
    .constantFrom(4 as const, 6 as const)
    .chain((family) =>
      fc.oneof(
        { weight: 3, arbitrary: single(family) },
        { weight: 4, arbitrary: prefix(family) },
        { weight: 2, arbitrary: range(family) },
      ),
    );
