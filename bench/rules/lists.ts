import {
  classbench,
  createRandom,
  type FiveTuple,
  type Prefix,
  type Random,
  type Shape,
  shapes,
  toIpv6,
} from '../../src/policy/testing/classbench.ts';
import type { Family } from '../../src/policy/testing/header-frames.ts';

/** Rules that are measured; `id` names them in results, from one run to the next. */
export interface MeasuredList {
  readonly id: string;
  readonly title: string;
  readonly kind: Shape | keyof typeof clouds;
  readonly family: Family;
  readonly source: string;
  readonly rules: readonly FiveTuple[];
}

const sizes = [10, 1_000, 10_000, 100_000] as const;

/** ClassBench sets by size, in both families. */
export function classbenchList(shape: Shape, size: number, family: Family): MeasuredList {
  const { source, rules } = classbench(shape, size);
  return {
    id: `${shape}-${size}-${family}`,
    title: `${shape}, ${size.toLocaleString('en')}, IP${family}`,
    kind: shape,
    family,
    source,
    rules: family === 'v4' ? rules : toIpv6(rules),
  };
}

/** What is measured, and what of it together. Made when wanted: a hundred thousand rules take memory. */
export function* measuredLists(): Generator<readonly MeasuredList[]> {
  const kinds = Object.keys(clouds) as (keyof typeof clouds)[];
  for (const kind of kinds) yield [cloudList(kind, 10), cloudList(kind, 1_000)];
  yield [cloudList('security-groups', 100_000)];
  for (const shape of shapes) {
    for (const size of sizes) yield [classbenchList(shape, size, 'v4'), classbenchList(shape, size, 'v6')];
  }
}

/** Lists as clouds have them: many rules of one shape. */
export function cloudList(kind: keyof typeof clouds, size: number): MeasuredList {
  const random = createRandom(size);
  const { title, rule } = clouds[kind];
  const rules = Array.from({ length: size }, () => rule(random));
  return {
    id: `${kind}-${size}`,
    title: `${title}, ${size.toLocaleString('en')}`,
    kind,
    family: 'v4',
    source: 'generated',
    rules,
  };
}

const any: Prefix = { address: 0n, length: 0 };
const host = (random: Random): Prefix => ({ address: BigInt(random(2 ** 32)), length: 32 });
const network = (random: Random, length: number): Prefix => {
  const behind = BigInt(32 - length);
  return { address: (BigInt(random(2 ** 32)) >> behind) << behind, length };
};
const anyPort = [0, 65_535] as const;
const onePort = (port: number) => [port, port] as const;
const portsOfServices = [22, 80, 443, 3306, 5432, 6379, 8080, 9092];

export const clouds = {
  sources: {
    title: 'source addresses',
    rule: (random: Random): FiveTuple => ({ src: host(random), dst: any, srcPort: anyPort, dstPort: anyPort }),
  },
  'sources-and-ports': {
    title: 'source and port',
    rule: (random: Random): FiveTuple => ({
      src: host(random),
      dst: any,
      srcPort: anyPort,
      dstPort: onePort(random(65_536)),
      protocol: 6,
    }),
  },
  pairs: {
    title: 'pairs of addresses',
    rule: (random: Random): FiveTuple => ({ src: host(random), dst: host(random), srcPort: anyPort, dstPort: anyPort }),
  },
  ports: {
    title: 'ports',
    rule: (random: Random): FiveTuple => ({
      src: any,
      dst: any,
      srcPort: anyPort,
      dstPort: onePort(random(65_536)),
      protocol: 6,
    }),
  },
  'security-groups': {
    title: 'security groups: /24 and /32, eight ports',
    rule: (random: Random): FiveTuple => ({
      src: random(2) === 0 ? host(random) : network(random, 24),
      dst: network(random, 28),
      srcPort: anyPort,
      dstPort: onePort(portsOfServices[random(8)] as number),
      protocol: 6,
    }),
  },
} as const;
