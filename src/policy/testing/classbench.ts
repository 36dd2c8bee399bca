import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createRandom, type Random } from '../random.ts';

export { createRandom, type Random };

/** A rule as ClassBench has it (Taylor and Turner, "ClassBench: A Packet Classification Benchmark", 2007), but its flags. */
export interface FiveTuple {
  readonly src: Prefix;
  readonly dst: Prefix;
  /** Inclusive. */
  readonly srcPort: readonly [number, number];
  readonly dstPort: readonly [number, number];
  /** Undefined: any. */
  readonly protocol?: number;
}

export interface Prefix {
  /** Bits behind the prefix are zero: 32 of IPv4, 128 of IPv6. */
  readonly address: bigint;
  readonly length: number;
}

export const shapes = ['acl1', 'fw1', 'ipc1'] as const;
export type Shape = (typeof shapes)[number];

/** The published sets, which stand beside the repository, not in it. */
const folder = join(import.meta.dirname, '../../../../shared/classbench');
const published: Readonly<Record<number, string>> = { 1000: '1k', 10000: '10k', 100000: '100k' };

/** Why tests on the published sets are skipped, or false where they are there. */
export const noClassbench = existsSync(folder) ? false : `no filter sets at ${folder}`;

export interface RuleList {
  /** `published` or `generated`. */
  readonly source: string;
  readonly rules: readonly FiveTuple[];
}

/** About `count` rules: the published set of that size, or some of the next larger one; where there is none, made. */
export function classbench(shape: Shape, count: number): RuleList {
  if (noClassbench) return { source: 'generated', rules: generateRules(shape, count) };
  const size = Object.keys(published)
    .map(Number)
    .find((size) => size >= count);
  if (size === undefined) return { source: 'generated', rules: generateRules(shape, count) };
  const rules = parseClassbench(
    gunzipSync(readFileSync(join(folder, `${shape}_${published[size]}.gz`))).toString('latin1'),
  );
  const every = Math.floor(rules.length / count);
  const some = size === count ? rules : rules.filter((_, i) => i % every === 0).slice(0, count);
  return { source: 'published', rules: some };
}

/** The format is told in the sets' README. */
export function parseClassbench(text: string): FiveTuple[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('@'))
    .map((line) => {
      const [src, dst, srcLo, , srcHi, dstLo, , dstHi, protocol] = line.slice(1).split(/\s+/) as string[];
      const [number, mask] = (protocol as string).split('/');
      return {
        src: parsePrefix(src as string),
        dst: parsePrefix(dst as string),
        srcPort: [Number(srcLo), Number(srcHi)],
        dstPort: [Number(dstLo), Number(dstHi)],
        ...(Number(mask) !== 0 && { protocol: Number(number) }),
      };
    });
}

function parsePrefix(text: string): Prefix {
  const [octets, length] = text.split('/') as [string, string];
  const address = octets.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  const behind = BigInt(32 - Number(length));
  return { address: (address >> behind) << behind, length: Number(length) };
}

/**
 * What each shape looks like, from the published sets: parts of a hundred by lengths of source and destination prefix,
 * then by ports, then by protocol.
 */
const statistics: Readonly<Record<Shape, Statistics>> = {
  acl1: {
    lengths: { '32-32': 34, '24-32': 22, '28-30': 14, '21-32': 12, '27-27': 8, '25-0': 3, '0-24': 3, '16-16': 4 },
    ports: { 'any-one': 60, 'any-range': 12, 'any-any': 28 },
    protocols: { 6: 65, 17: 14, 1: 6, any: 15 },
  },
  fw1: {
    lengths: { '0-32': 37, '5-32': 20, '32-0': 14, '28-29': 9, '24-7': 8, '30-28': 8, '0-0': 4 },
    ports: { 'any-one': 58, 'one-any': 12, 'any-any': 18, 'range-range': 8, 'one-one': 4 },
    protocols: { 6: 70, 17: 22, 1: 6, 47: 2 },
  },
  ipc1: {
    lengths: { '32-32': 40, '24-24': 22, '30-16': 14, '0-32': 10, '32-0': 8, '27-5': 4, '0-0': 2 },
    ports: { 'any-any': 38, 'any-one': 32, 'one-any': 14, 'any-range': 10, 'range-any': 4, 'one-one': 2 },
    protocols: { 6: 45, 17: 30, 1: 3, any: 22 },
  },
};

interface Statistics {
  readonly lengths: Readonly<Record<string, number>>;
  readonly ports: Readonly<Record<string, number>>;
  readonly protocols: Readonly<Record<string, number>>;
}

/** Rules like those of the shape: the same ones for the same seed. Addresses come from few networks, so that they nest. */
export function generateRules(shape: Shape, count: number, seed = 1): FiveTuple[] {
  const random = createRandom(seed);
  const { lengths, ports, protocols } = statistics[shape];
  const networks = Array.from({ length: Math.max(4, count >> 5) }, () => random(2 ** 32));
  const prefix = (length: number): Prefix => {
    const network = networks[random(networks.length)] as number;
    const address = (length < 16 ? random(2 ** 32) : ((network & 0xffff_0000) | random(65_536)) >>> 0) >>> 0;
    const behind = BigInt(32 - length);
    return { address: (BigInt(address) >> behind) << behind, length };
  };
  const port = (kind: string): [number, number] => {
    if (kind === 'any') return [0, 65_535];
    const one = [22, 25, 53, 80, 123, 443, 1521, 8080, random(65_536)][random(9)] as number;
    if (kind === 'one') return [one, one];
    if (random(3) === 0) return [1024, 65_535];
    return [one, Math.min(65_535, one + random(4000))];
  };
  return Array.from({ length: count }, () => {
    const [srcLength, dstLength] = pick(lengths, random).split('-').map(Number) as [number, number];
    const [from, to] = pick(ports, random).split('-') as [string, string];
    const protocol = pick(protocols, random);
    const hasPorts = protocol === '6' || protocol === '17';
    return {
      src: prefix(srcLength),
      dst: prefix(dstLength),
      srcPort: hasPorts ? port(from) : [0, 65_535],
      dstPort: hasPorts ? port(to) : [0, 65_535],
      ...(protocol !== 'any' && { protocol: Number(protocol) }),
    };
  });
}

function pick(parts: Readonly<Record<string, number>>, random: Random): string {
  const entries = Object.entries(parts);
  let left = random(entries.reduce((sum, [, part]) => sum + part, 0));
  for (const [name, part] of entries) {
    left -= part;
    if (left < 0) return name;
  }
  return (entries[0] as [string, number])[0];
}

/**
 * The same rules for IPv6. A prefix of 16 bits becomes one of 32, of 24 one of 48, of 31 one of 62; an address one of 128
 * bits. Each bit of the old address becomes two: itself, and one that follows from those before; so prefixes nest as
 * they did, and addresses that shared a prefix share one. AH, which is an extension header of IPv6, becomes ESP.
 */
const [ESP, AH] = [50, 51];

export function toIpv6(rules: readonly FiveTuple[]): FiveTuple[] {
  return rules.map(({ protocol, ...rule }) => ({
    ...rule,
    src: prefixToIpv6(rule.src),
    dst: prefixToIpv6(rule.dst),
    ...(protocol !== undefined && { protocol: protocol === AH ? ESP : protocol }),
  }));
}

function prefixToIpv6({ address, length }: Prefix): Prefix {
  if (length === 0) return { address: 0n, length: 0 };
  let [wide, hash] = [0n, 0x811c9dc5];
  for (let bit = 31; bit >= 0; bit--) {
    const value = Number((address >> BigInt(bit)) & 1n);
    hash = Math.imul(hash ^ (value + 1), 0x01000193) >>> 0;
    wide = (wide << 2n) | BigInt((value << 1) | ((hash >>> 13) & 1));
  }
  const low = (BigInt(Math.imul(hash, 0x85ebca6b) >>> 0) << 32n) | BigInt(Math.imul(hash, 0xc2b2ae35) >>> 0);
  const newLength = length === 32 ? 128 : 2 * length;
  const behind = BigInt(128 - newLength);
  return { address: (((wide << 64n) | low) >> behind) << behind, length: newLength };
}

/** The rules as a policy's, as a user would write them; every second one drops. */
export function toPolicyRules(rules: readonly FiveTuple[], family: 'v4' | 'v6'): Record<string, unknown>[] {
  return rules.map(({ src, dst, srcPort, dstPort, protocol }, index) => {
    const hasPorts = protocol === undefined || [6, 17, 132].includes(protocol);
    const ports = (range: readonly [number, number]): string | number | undefined => {
      if (!hasPorts || (range[0] === 0 && range[1] === 65_535)) return undefined;
      return range[0] === range[1] ? range[0] : `${range[0]}-${range[1]}`;
    };
    return {
      name: `rule-${index}`,
      // A prefix of no bits would be of both families.
      ...((src.length > 0 || family === 'v4') && { from: prefixText(src, family) }),
      ...((dst.length > 0 || family === 'v6') && { to: prefixText(dst, family) }),
      ...(ports(srcPort) !== undefined && { fromPort: ports(srcPort) }),
      ...(ports(dstPort) !== undefined && { port: ports(dstPort) }),
      ...(protocol !== undefined && { protocol: protocolNames[protocol] ?? protocol }),
      action: index % 2 === 0 ? 'allow' : 'drop',
    };
  });
}

const protocolNames: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

function prefixText({ address, length }: Prefix, family: 'v4' | 'v6'): string {
  const parts = family === 'v4' ? [24n, 16n, 8n, 0n] : [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n];
  const text = parts.map((shift) =>
    family === 'v4' ? String((address >> shift) & 0xffn) : ((address >> shift) & 0xffffn).toString(16),
  );
  return `${text.join(family === 'v4' ? '.' : ':')}/${length}`;
}

/** A packet's header fields. */
export interface Header {
  readonly src: bigint;
  readonly dst: bigint;
  readonly srcPort: number;
  readonly dstPort: number;
  readonly protocol: number;
}

/** Headers from the rules: of a rule by chance a point in it by chance; every fifth is anything. */
export function drawHeaders(rules: readonly FiveTuple[], bits: 32 | 128, count: number, random: Random): Header[] {
  const within = ({ address, length }: Prefix): bigint => {
    let host = 0n;
    for (let i = 0; i < bits; i += 32) host = (host << 32n) | BigInt(random(2 ** 32));
    return address | (host & ((1n << BigInt(bits - length)) - 1n));
  };
  const from = ([lo, hi]: readonly [number, number]): number => lo + random(hi - lo + 1);
  const anything: FiveTuple = {
    src: { address: 0n, length: 0 },
    dst: { address: 0n, length: 0 },
    srcPort: [0, 65_535],
    dstPort: [0, 65_535],
  };
  return Array.from({ length: count }, () => {
    const rule = random(5) === 0 ? anything : (rules[random(rules.length)] as FiveTuple);
    return {
      src: within(rule.src),
      dst: within(rule.dst),
      srcPort: from(rule.srcPort),
      dstPort: from(rule.dstPort),
      protocol: rule.protocol ?? (random(2) === 0 ? 6 : 17),
    };
  });
}

/** The number of the first rule that the header matches, by asking one after the other; undefined where none does. */
export function createScan(rules: readonly FiveTuple[], bits: 32 | 128): (header: Header) => number | undefined {
  const words = bits / 32;
  const all = (of: (rule: FiveTuple) => Prefix) => ({
    value: Array.from({ length: words }, (_, w) => Uint32Array.from(rules, (rule) => word(of(rule).address, w))),
    mask: Array.from({ length: words }, (_, w) => Uint32Array.from(rules, (rule) => maskWord(of(rule).length, w))),
  });
  const word = (address: bigint, w: number): number => Number((address >> BigInt(bits - 32 - 32 * w)) & 0xffff_ffffn);
  const maskWord = (length: number, w: number): number => {
    const known = Math.min(32, Math.max(0, length - 32 * w));
    return known === 0 ? 0 : (-1 << (32 - known)) >>> 0;
  };
  const [src, dst] = [all(({ src }) => src), all(({ dst }) => dst)];
  const hasPorts = (protocol: number): boolean => protocol === 6 || protocol === 17 || protocol === 132;
  return (header) => {
    const srcWords = Array.from({ length: words }, (_, w) => word(header.src, w));
    const dstWords = Array.from({ length: words }, (_, w) => word(header.dst, w));
    const matchesAddress = (i: number): boolean => {
      for (let w = 0; w < words; w++) {
        if (((srcWords[w] as number) ^ (src.value[w]?.[i] as number)) & (src.mask[w]?.[i] as number)) return false;
        if (((dstWords[w] as number) ^ (dst.value[w]?.[i] as number)) & (dst.mask[w]?.[i] as number)) return false;
      }
      return true;
    };
    for (let i = 0; i < rules.length; i++) {
      if (!matchesAddress(i)) continue;
      const { srcPort, dstPort, protocol } = rules[i] as FiveTuple;
      if (protocol !== undefined && protocol !== header.protocol) continue;
      if (asksForPorts(srcPort, dstPort, protocol)) {
        if (!hasPorts(header.protocol)) continue;
        if (header.srcPort < srcPort[0] || header.srcPort > srcPort[1]) continue;
        if (header.dstPort < dstPort[0] || header.dstPort > dstPort[1]) continue;
      }
      return i;
    }
    return undefined;
  };
}

/** As `toPolicyRules` writes it: a rule for a protocol without ports asks for none. */
function asksForPorts(src: readonly [number, number], dst: readonly [number, number], protocol?: number): boolean {
  const any = ([lo, hi]: readonly [number, number]): boolean => lo === 0 && hi === 65_535;
  return (protocol === undefined || [6, 17, 132].includes(protocol)) && !(any(src) && any(dst));
}
