import { columnsOfRanges } from './columns.ts';
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

/** The fewest prefixes that cover the same addresses, in order. */
export function prefixes4(ranges: AddressRanges): Prefix4[] {
  const { addresses, lengths } = columnsOfRanges(ranges, 32);
  return Array.from(lengths, (length, i) => ({ address: addresses[i] as number, length }));
}

/** The fewest prefixes that cover the same addresses, in order. */
export function prefixes6(ranges: AddressRanges): Prefix6[] {
  const { addresses, lengths } = columnsOfRanges(ranges, 128);
  const half = (at: number): bigint => addresses[at] as bigint;
  return Array.from(lengths, (length, i) => ({ hi: half(2 * i), lo: half(2 * i + 1), length }));
}
