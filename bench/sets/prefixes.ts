import type { Prefix } from '../../src/kernel/index.ts';
import { createRandom, type Random } from '../../src/policy/testing/classbench.ts';

export type Family = 'v4' | 'v6';

/** Prefixes by the million, without an object for each. Host byte order, bits behind a prefix zero. */
export interface Prefixes {
  readonly family: Family;
  /** IPv4: one number a prefix. IPv6: high half, low half, … */
  readonly addresses: Uint32Array | BigUint64Array;
  readonly lengths: Uint8Array;
}

export const addressBits = { v4: 32, v6: 128 } as const;

/** More prefixes of 16 bits than there are would leave little room for others. */
const MANY = 2_000_000;

/** 60 in a hundred single addresses, 25 of 8 bits less, the rest of 1 to 16 bits less, of very many to 8. */
export function randomPrefixes(count: number, family: Family, seed = count): Prefixes {
  const random = createRandom(seed);
  const bits = addressBits[family];
  const lengths = new Uint8Array(count);
  const addresses = family === 'v4' ? new Uint32Array(count) : new BigUint64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const kind = random(100);
    const behind = kind < 60 ? 0 : kind < 85 ? 8 : 1 + random(count > MANY ? 8 : 16);
    lengths[i] = bits - behind;
    if (addresses instanceof Uint32Array) addresses[i] = (randomWord(random) >>> behind) << behind;
    else {
      addresses[2 * i] = randomHalf(random);
      addresses[2 * i + 1] = (randomHalf(random) >> BigInt(behind)) << BigInt(behind);
    }
  }
  return { family, addresses, lengths };
}

const randomWord = (random: Random): number => ((random(65_536) << 16) | random(65_536)) >>> 0;
const randomHalf = (random: Random): bigint => (BigInt(randomWord(random)) << 32n) | BigInt(randomWord(random));

export function prefixAt({ addresses, lengths }: Prefixes, i: number): Prefix {
  const address =
    addresses instanceof Uint32Array
      ? BigInt(addresses[i] as number)
      : ((addresses[2 * i] as bigint) << 64n) | (addresses[2 * i + 1] as bigint);
  return { address, length: lengths[i] as number };
}

export const prefixList = (prefixes: Prefixes): Prefix[] =>
  Array.from(prefixes.lengths, (_, i) => prefixAt(prefixes, i));

/** Addresses by chance: every second one from a member by chance, the others in no member. */
export function askedAddresses(prefixes: Prefixes, count: number): bigint[] {
  const random = createRandom(99);
  const bits = addressBits[prefixes.family];
  const covers = createCover(prefixes);
  const anywhere = (): bigint =>
    bits === 32 ? BigInt(randomWord(random)) : (randomHalf(random) << 64n) | randomHalf(random);
  const nowhere = (): bigint => {
    for (;;) {
      const address = anywhere();
      if (!covers(address)) return address;
    }
  };
  return Array.from({ length: count }, (_, i) => {
    if (i % 2 === 0) return nowhere();
    const { address, length } = prefixAt(prefixes, random(prefixes.lengths.length));
    return address | (anywhere() & ((1n << BigInt(bits - length)) - 1n));
  });
}

/** Whether a member covers the address, by asking each length that occurs: the model of what is measured. */
function createCover(prefixes: Prefixes): (address: bigint) => boolean {
  const bits = addressBits[prefixes.family];
  const byLength = new Map<number, Set<number | bigint>>();
  // A number takes a fraction of what a bigint takes.
  const keyOf = (address: bigint): number | bigint => (bits === 32 ? Number(address) : address);
  for (let i = 0; i < prefixes.lengths.length; i++) {
    const { address, length } = prefixAt(prefixes, i);
    const members = byLength.get(length) ?? new Set();
    byLength.set(length, members.add(keyOf(address)));
  }
  return (address) =>
    [...byLength].some(([length, members]) => {
      const behind = BigInt(bits - length);
      return members.has(keyOf((address >> behind) << behind));
    });
}

/** As a file has it: one a line. */
export function prefixText(prefixes: Prefixes, i: number): string {
  const { address, length } = prefixAt(prefixes, i);
  return `${addressText(address, prefixes.family)}/${length}`;
}

function addressText(address: bigint, family: Family): string {
  if (family === 'v4') return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  return Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
}
