import fc from 'fast-check';
import type { AddressRanges } from '../ranges.ts';

/** Address ranges from pairs of numbers, for tests. */
export function ranges(of: {
  readonly v4?: readonly (readonly [number, number])[];
  readonly v6?: readonly (readonly [bigint, bigint])[];
}): AddressRanges {
  const low = (1n << 64n) - 1n;
  return {
    v4: Uint32Array.from((of.v4 ?? []).flat()),
    v6: BigUint64Array.from((of.v6 ?? []).flat().flatMap((address) => [address >> 64n, address & low])),
  };
}

/** Sorted, disjoint, not adjacent IPv4 ranges, many of them prefixes and close to each other. */
export const sortedRanges4 = (): fc.Arbitrary<[number, number][]> =>
  fc.array(block(32), { maxLength: 40 }).map((blocks) => merged(blocks).map(([lo, hi]) => [Number(lo), Number(hi)]));

/** The same for IPv6. */
export const sortedRanges6 = (): fc.Arbitrary<[bigint, bigint][]> =>
  fc.array(block(128), { maxLength: 40 }).map(merged);

function block(bits: number): fc.Arbitrary<[bigint, bigint]> {
  const all = (1n << BigInt(bits)) - 1n;
  const address = fc.oneof(
    fc.bigInt({ min: 0n, max: all }),
    // A few close together, to share long prefixes.
    fc.bigInt({ min: 0n, max: 4096n }).map((n) => (0x2001_0db8n << BigInt(bits - 32)) | n),
  );
  const prefix = fc.tuple(address, fc.integer({ min: 0, max: bits })).map(([a, length]): [bigint, bigint] => {
    const behind = (1n << BigInt(bits - length)) - 1n;
    return [a & ~behind & all, (a & ~behind & all) + behind];
  });
  const span = fc.tuple(address, fc.bigInt({ min: 0n, max: 1000n })).map(([a, n]): [bigint, bigint] => {
    return [a, a + n > all ? all : a + n];
  });
  return fc.oneof(
    { weight: 4, arbitrary: prefix.filter(([lo, hi]) => lo !== 0n || hi !== all) },
    { weight: 1, arbitrary: span },
  );
}

function merged(blocks: readonly [bigint, bigint][]): [bigint, bigint][] {
  const result: [bigint, bigint][] = [];
  for (const [lo, hi] of [...blocks].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))) {
    const last = result.at(-1);
    if (last && lo <= last[1] + 1n) last[1] = hi > last[1] ? hi : last[1];
    else result.push([lo, hi]);
  }
  return result;
}
