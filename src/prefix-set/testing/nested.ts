import type { Prefix } from '../columns.ts';

export type Random = (below: number) => number;

export function createRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Prefixes that lie close to and in one another: of few first bits, and with few different bits behind. */
export function prefixFrom(random: Random, bits: 32 | 128): Prefix {
  const lengths =
    bits === 32 ? [0, 1, 3, 8, 15, 16, 17, 20, 24, 25, 30, 31, 32] : [0, 1, 16, 48, 62, 63, 64, 65, 66, 96, 127, 128];
  const length = random(60) === 0 ? 0 : (lengths[1 + random(lengths.length - 1)] as number);
  let address = 0n;
  for (let i = 0; i < bits; i += 8)
    address = (address << 8n) | BigInt([0, 1, 0x80, 0xff][random(random(4) + 1)] as number);
  const behind = BigInt(bits - length);
  return { address: (address >> behind) << behind, length };
}

export const textOf = ({ address, length }: Prefix): string => `${address.toString(16)}/${length}`;
