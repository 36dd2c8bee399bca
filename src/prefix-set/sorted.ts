import { type AddressBits, columnsOfPrefixes, type Prefix, type PrefixColumns } from './columns.ts';

/** Prefixes by address, the shorter of two first, each once: a prefix comes before those that lie in it. */
export interface SortedPrefixes {
  readonly count: number;
  readonly addressBits: AddressBits;
  length(i: number): number;
  address(i: number): bigint;
  /** 32 bits of the address: word 0 is the most significant. */
  word(i: number, word: number): number;
  /** How many first bits both prefixes have in common: no more than the shorter has. */
  shared(i: number, j: number): number;
  /** `width` bits from bit `from` on, which are in one half of the address. */
  bits(i: number, from: number, width: number): number;
}

/** Sorts what is not sorted; what is sorted is not copied. */
export function sortPrefixes(from: readonly Prefix[] | PrefixColumns, addressBits: AddressBits): SortedPrefixes {
  const columns = 'lengths' in from ? from : columnsOfPrefixes(from, addressBits);
  return addressBits === 32 ? sorted4(columns as Columns<Uint32Array>) : sorted6(columns as Columns<BigUint64Array>);
}

interface Columns<Addresses> {
  readonly addresses: Addresses;
  readonly lengths: Uint8Array;
}

function sorted4(columns: Columns<Uint32Array>): SortedPrefixes {
  const { addresses, lengths } = inOrder4(columns);
  const at = (i: number): number => addresses[i] as number;
  const length = (i: number): number => lengths[i] as number;
  return {
    count: lengths.length,
    addressBits: 32,
    length,
    address: (i) => BigInt(at(i)),
    word: (i) => at(i),
    shared: (i, j) => Math.min(Math.clz32(at(i) ^ at(j)), length(i), length(j)),
    bits: (i, from, width) => (width === 0 ? 0 : (at(i) << from) >>> (32 - width)),
  };
}

function inOrder4({ addresses, lengths }: Columns<Uint32Array>): Columns<Uint32Array> {
  const count = lengths.length;
  const key = (i: number): number => (addresses[i] as number) * 64 + (lengths[i] as number);
  let inOrder = true;
  for (let i = 1; i < count && inOrder; i++) inOrder = key(i - 1) < key(i);
  if (inOrder) return { addresses, lengths };
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = key(i);
  keys.sort();
  let unique = 0;
  for (let i = 0; i < count; i++) if (i === 0 || keys[i] !== keys[i - 1]) keys[unique++] = keys[i] as number;
  const sorted = { addresses: new Uint32Array(unique), lengths: new Uint8Array(unique) };
  for (let i = 0; i < unique; i++) {
    const one = keys[i] as number;
    sorted.addresses[i] = Math.floor(one / 64);
    sorted.lengths[i] = one % 64;
  }
  return sorted;
}

function sorted6(columns: Columns<BigUint64Array>): SortedPrefixes {
  const { addresses, lengths } = inOrder6(columns);
  const word = wordsOf(addresses);
  const length = (i: number): number => lengths[i] as number;
  return {
    count: lengths.length,
    addressBits: 128,
    length,
    address: (i) => ((addresses[2 * i] as bigint) << 64n) | (addresses[2 * i + 1] as bigint),
    word,
    shared(i, j) {
      const most = Math.min(length(i), length(j));
      for (let k = 0; k < 4; k++) {
        const difference = word(i, k) ^ word(j, k);
        if (difference !== 0) return Math.min(k * 32 + Math.clz32(difference), most);
      }
      return most;
    },
    bits(i, from, width) {
      const [k, offset] = [from >> 5, from & 31];
      const here = Math.min(width, 32 - offset);
      const first = here === 0 ? 0 : (word(i, k) << offset) >>> (32 - here);
      const rest = width - here;
      return rest === 0 ? first : first * 2 ** rest + (word(i, k + 1) >>> (32 - rest));
    },
  };
}

/** Words of 32 bits of addresses in halves, on a little-endian machine. */
function wordsOf(addresses: BigUint64Array): (i: number, word: number) => number {
  const view = new Uint32Array(addresses.buffer, addresses.byteOffset, addresses.length * 2);
  return (i, word) => view[4 * i + (word ^ 1)] as number;
}

function inOrder6({ addresses, lengths }: Columns<BigUint64Array>): Columns<BigUint64Array> {
  const word = wordsOf(addresses);
  const compare = (a: number, b: number): number => {
    for (let k = 0; k < 4; k++) {
      const difference = word(a, k) - word(b, k);
      if (difference !== 0) return difference;
    }
    return (lengths[a] as number) - (lengths[b] as number);
  };
  let inOrder = true;
  for (let i = 1; i < lengths.length && inOrder; i++) inOrder = compare(i - 1, i) < 0;
  if (inOrder) return { addresses, lengths };
  const order = Uint32Array.from(lengths, (_, i) => i).sort(compare);
  const unique = order.filter((one, i) => i === 0 || compare(order[i - 1] as number, one) !== 0);
  const sorted = { addresses: new BigUint64Array(unique.length * 2), lengths: new Uint8Array(unique.length) };
  unique.forEach((from, i) => {
    sorted.addresses[2 * i] = addresses[2 * from] as bigint;
    sorted.addresses[2 * i + 1] = addresses[2 * from + 1] as bigint;
    sorted.lengths[i] = lengths[from] as number;
  });
  return sorted;
}
