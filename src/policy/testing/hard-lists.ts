import { createRandom, type FiveTuple, type Prefix } from './classbench.ts';

/** Lists made to be hard for trees, in IPv4; `toIpv6` makes the same of the other family. */
export const hardLists = {
  /** Wide ranges of ports and short prefixes, none of which is inside of another. */
  overlapping(count, seed = 1) {
    const random = createRandom(seed + 8);
    return Array.from({ length: count }, (_, i) => {
      const length = 1 + random(3);
      return {
        src: { address: BigInt(random(2 ** length)) << BigInt(32 - length), length },
        dst: anyAddress,
        srcPort: [random(30_000), 30_000 + random(30_000)],
        dstPort: [i % 30_000, 30_000 + ((i * 7) % 30_000)],
        protocol: 6,
      };
    });
  },

  /** The same but for their ranges of ports. */
  ranges(count, seed = 1) {
    const random = createRandom(seed + 10);
    const range = (): [number, number] => {
      const from = random(65_536);
      return [from, from + random(65_536 - from)];
    };
    return Array.from({ length: count }, () => {
      return { src: anyAddress, dst: anyAddress, srcPort: range(), dstPort: range(), protocol: 17 };
    });
  },

  /** Prefixes of every length around a few addresses, one inside of the other, on both sides. */
  nested(count, seed = 1) {
    const random = createRandom(seed + 12);
    const spines = Array.from({ length: 64 }, () => random(2 ** 32));
    const prefix = (): Prefix => {
      const length = 4 + random(29);
      const behind = BigInt(32 - length);
      return { address: (BigInt(spines[random(spines.length)] as number) >> behind) << behind, length };
    };
    return Array.from({ length: count }, () => {
      return { src: prefix(), dst: prefix(), srcPort: [0, 65_535], dstPort: [0, 65_535], protocol: 6 };
    });
  },
} as const satisfies Readonly<Record<string, (count: number, seed?: number) => FiveTuple[]>>;

export type HardList = keyof typeof hardLists;

const anyAddress: Prefix = { address: 0n, length: 0 };
