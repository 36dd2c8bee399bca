/** Where a connection stands in a table, as bpf/lib/connections.h has it: test/lab/connection-tables.test.ts has packets find what was put there. */

/** What a connection is found by; ports in host order. */
export interface Tuple {
  readonly srcHi: bigint;
  readonly srcLo: bigint;
  readonly dstHi: bigint;
  readonly dstLo: bigint;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protocol: number;
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

function mixEnd(hi: bigint, lo: bigint, port: number, seed: bigint): bigint {
  let mixed = u64((lo ^ seed) * 0x9e3779b97f4a7c15n);
  mixed ^= mixed >> 32n;
  mixed = u64((mixed + (hi ^ (seed >> 7n)) + (BigInt(port) << 40n)) * 0xd6e8feb86659fd93n);
  return mixed ^ (mixed >> 29n);
}

/** The same of both directions. */
export function hashOf(tuple: Tuple, seed: bigint): bigint {
  const ends =
    mixEnd(tuple.srcHi, tuple.srcLo, tuple.srcPort, seed) + mixEnd(tuple.dstHi, tuple.dstLo, tuple.dstPort, seed);
  const hash = u64((ends + BigInt(tuple.protocol)) * 0xa0761d6478bd642fn);
  return hash ^ (hash >> 32n);
}

/** The one of the two groups, of `groups`, that `choice` names. */
export function groupOf(hash: bigint, choice: 0 | 1, groups: number): number {
  const part = choice === 1 ? u64(hash * 0xe7037ed1a0b428dbn) >> 32n : hash >> 32n;
  return Number((part * BigInt(groups)) >> 32n);
}

const FIRST_TAG = 2;

export function tagOf(hash: bigint): number {
  const tag = Number(hash & 0xffn);
  return tag < FIRST_TAG ? tag + FIRST_TAG : tag;
}
