import type { AddressRanges } from './ranges.ts';

/** A prefix: the address in host byte order, bits behind the prefix zero. */
export interface Prefix {
  readonly address: bigint;
  readonly length: number;
}

/** Prefixes by the million, without an object for each. Host byte order, bits behind a prefix zero. */
export interface PrefixColumns {
  /** IPv4: one number a prefix. IPv6: high half, low half, … */
  readonly addresses: Uint32Array | BigUint64Array;
  readonly lengths: Uint8Array;
}

export type AddressBits = 32 | 128;

/** The fewest prefixes that cover the addresses of one family, sorted. */
export function columnsOfRanges(ranges: AddressRanges, addressBits: AddressBits): PrefixColumns {
  return addressBits === 32 ? columns4(ranges.v4) : columns6(ranges.v6);
}

export function columnsOfPrefixes(prefixes: readonly Prefix[], addressBits: AddressBits): PrefixColumns {
  const lengths = Uint8Array.from(prefixes, ({ length }) => length);
  if (addressBits === 32) return { addresses: Uint32Array.from(prefixes, ({ address }) => Number(address)), lengths };
  const addresses = new BigUint64Array(prefixes.length * 2);
  prefixes.forEach(({ address }, i) => {
    addresses[2 * i] = address >> 64n;
    addresses[2 * i + 1] = BigInt.asUintN(64, address);
  });
  return { addresses, lengths };
}

function columns4(v4: Uint32Array): PrefixColumns {
  let count = 0;
  eachBlock4(v4, () => count++);
  const addresses = new Uint32Array(count);
  const lengths = new Uint8Array(count);
  count = 0;
  eachBlock4(v4, (address, size) => {
    addresses[count] = address;
    lengths[count++] = size === 2 ** 32 ? 0 : 1 + Math.clz32(size);
  });
  return { addresses, lengths };
}

function eachBlock4(v4: Uint32Array, take: (address: number, size: number) => void): void {
  for (let i = 0; i < v4.length; i += 2) {
    let lo = v4[i] as number;
    const hi = v4[i + 1] as number;
    while (lo <= hi) {
      // The largest aligned block that begins at lo and does not pass hi.
      let size = lo === 0 ? 2 ** 32 : (lo & -lo) >>> 0;
      while (lo + size - 1 > hi) size /= 2;
      take(lo, size);
      lo += size;
    }
  }
}

function columns6(v6: BigUint64Array): PrefixColumns {
  const halves: bigint[] = [];
  const lengths: number[] = [];
  for (let i = 0; i < v6.length; i += 4) {
    let lo = ((v6[i] as bigint) << 64n) | (v6[i + 1] as bigint);
    const hi = ((v6[i + 2] as bigint) << 64n) | (v6[i + 3] as bigint);
    while (lo <= hi) {
      let bits = lo === 0n ? 128 : trailingZeros(lo);
      while (lo + (1n << BigInt(bits)) - 1n > hi) bits--;
      halves.push(lo >> 64n, BigInt.asUintN(64, lo));
      lengths.push(128 - bits);
      lo += 1n << BigInt(bits);
    }
  }
  return { addresses: BigUint64Array.from(halves), lengths: Uint8Array.from(lengths) };
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
