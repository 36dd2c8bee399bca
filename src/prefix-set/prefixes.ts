import type { AddressRanges } from './ranges.ts';

/** An IPv4 prefix: the address in host byte order, bits behind the prefix zero. */
export interface Prefix4 {
  readonly address: number;
  readonly length: number;
}

/** An IPv6 prefix: the halves of the address in host byte order, bits behind the prefix zero. */
export interface Prefix6 {
  readonly hi: bigint;
  readonly lo: bigint;
  readonly length: number;
}

const ALL_64 = (1n << 64n) - 1n;

/** The fewest prefixes that cover the same addresses, in order. */
export function prefixes4(ranges: AddressRanges): Prefix4[] {
  const prefixes: Prefix4[] = [];
  for (let i = 0; i < ranges.v4.length; i += 2) {
    let lo = ranges.v4[i] as number;
    const hi = ranges.v4[i + 1] as number;
    while (lo <= hi) {
      // The largest aligned block that begins at lo and does not pass hi.
      let size = lo === 0 ? 2 ** 32 : (lo & -lo) >>> 0;
      while (lo + size - 1 > hi) size /= 2;
      prefixes.push({ address: lo, length: 32 - Math.log2(size) });
      lo += size;
    }
  }
  return prefixes;
}

/** The fewest prefixes that cover the same addresses, in order. */
export function prefixes6(ranges: AddressRanges): Prefix6[] {
  const prefixes: Prefix6[] = [];
  for (let i = 0; i < ranges.v6.length; i += 4) {
    let lo = ((ranges.v6[i] as bigint) << 64n) | (ranges.v6[i + 1] as bigint);
    const hi = ((ranges.v6[i + 2] as bigint) << 64n) | (ranges.v6[i + 3] as bigint);
    while (lo <= hi) {
      let bits = lo === 0n ? 128 : trailingZeros(lo);
      while (lo + (1n << BigInt(bits)) - 1n > hi) bits--;
      prefixes.push({ hi: lo >> 64n, lo: lo & ALL_64, length: 128 - bits });
      lo += 1n << BigInt(bits);
    }
  }
  return prefixes;
}

function trailingZeros(value: bigint): number {
  let zeros = 0;
  let rest = value;
  while ((rest & 0xffff_ffffn) === 0n) {
    zeros += 32;
    rest >>= 32n;
  }
  const word = Number(rest & 0xffff_ffffn);
  return zeros + 31 - Math.clz32(word & -word);
}
