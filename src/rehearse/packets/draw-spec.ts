import { extensionProtocols, hasPorts, isNeighbourDiscovery, Protocol } from '../../packet/headers.ts';
import { headersLength, maximumLength, type PacketSpec } from '../../packet/spec.ts';
import type { CheckedMatch, CheckedPolicy, NumberRange } from '../../policy/checked.ts';
import { speaksOfDiscovery } from '../../policy/neighbour.ts';
import { among, between, type Dice, drawNumber } from './dice.ts';
import { drawAddress } from './draw-address.ts';

/** What packets a rule can be about. */
export type Kind = 4 | 6 | 'arp';

/** A packet for a match, before what it looks for in the payload is put in; or why there can be none. */
export type Drawn = { readonly spec: PacketSpec } | { readonly reason: string };

const EVERY_BYTE: readonly NumberRange[] = [[0, 255]];
const usualProtocols = { 4: [6, 17, 1], 6: [6, 17, 58] } as const;
const usualTypes = { 4: [8, 0, 3, 11], 6: [128, 129, 1, 3] } as const;
const usualFlags = [0x02, 0x10, 0x12, 0x18, 0x11, 0x04] as const;
const usualPorts = { src: [40_000, 50_000, 1024, 53, 123], dst: [443, 22, 80, 53, 8080, 25] } as const;

/** The kinds of packets that a match speaks of. */
export function kindsOf({ protocol, ...match }: CheckedMatch): Kind[] {
  if (protocol === undefined) return [4, 6];
  const ip = [...(protocol.v4.length > 0 ? [4 as const] : []), ...(protocol.v6.length > 0 ? [6 as const] : [])];
  return protocol.arp && !ipFields.some((name) => match[name] !== undefined) ? [...ip, 'arp'] : ip;
}

const ipFields = [
  'from',
  'to',
  'fromPort',
  'port',
  'tcpFlags',
  'icmpType',
  'icmpCode',
  'ttl',
  'dscp',
  'fragment',
] as const;

export function drawSpec(match: CheckedMatch, kind: Kind, policy: CheckedPolicy, dice: Dice): Drawn {
  const spec = kind === 'arp' ? arp(policy, dice) : ip(match, kind, policy, dice);
  if ('reason' in spec) return spec;
  const vlan = match.vlan === undefined ? {} : { vlan: drawNumber(match.vlan, [100, 10, 1], dice) ?? 0 };
  return withLength({ ...spec, ...variety(match, dice), ...vlan }, match, dice);
}

/** A tcpdump expression may ask for what no other match does: tags, and bytes in the payload. */
function variety({ filter }: CheckedMatch, { plain, random }: Dice): Partial<PacketSpec> {
  if (filter === undefined || plain) return {};
  return {
    ...(random(3) === 0 && { vlan: 100 }),
    ...(random(2) === 0 && { payload: new Uint8Array(random(200)) }),
  };
}

function arp(policy: CheckedPolicy, dice: Dice): PacketSpec | { readonly reason: string } {
  const src = drawAddress(undefined, 'src', 4, policy, dice);
  const dst = drawAddress(undefined, 'dst', 4, policy, dice);
  return src && dst ? { protocol: 'arp', src, dst } : { reason: 'there is no address' };
}

function ip(
  match: CheckedMatch,
  family: 4 | 6,
  policy: CheckedPolicy,
  dice: Dice,
): PacketSpec | { readonly reason: string } {
  const fragment = drawFragment(match, dice);
  const protocols = protocolsFor(match, family, fragment);
  const protocol = drawNumber(protocols.ranges, usualProtocols[family], dice);
  if (protocol === undefined) return { reason: `no protocol of IPv${family} has all that it asks for` };
  const src = drawAddress(match.from, 'src', family, policy, dice);
  const dst = drawAddress(match.to, 'dst', family, policy, dice);
  if (src === undefined || dst === undefined) {
    return { reason: `"${src === undefined ? 'from' : 'to'}" holds no IPv${family} address now` };
  }
  const icmpType = drawNumber(match.icmpType?.[`v${family}`] ?? EVERY_BYTE, usualTypes[family], dice);
  const icmpCode = drawNumber(match.icmpCode?.[`v${family}`] ?? EVERY_BYTE, [0], dice);
  if (icmpType === undefined || icmpCode === undefined) return { reason: `ICMP of IPv${family} has no such message` };
  const ttl = drawTtl(match, family === 6 && protocol === Protocol.ICMPV6 && isNeighbourDiscovery(icmpType), dice);
  return {
    protocol,
    src,
    dst,
    ...(hasPorts(protocol) && {
      srcPort: drawNumber(match.fromPort ?? [[0, 0xffff]], usualPorts.src, dice) ?? 0,
      dstPort: drawNumber(match.port ?? [[0, 0xffff]], usualPorts.dst, dice) ?? 0,
    }),
    ...(protocol === Protocol.TCP && { tcpFlags: drawFlags(match, dice) }),
    icmpType,
    icmpCode,
    ...(ttl !== undefined && { ttl }),
    ...(match.dscp && { dscp: drawNumber(match.dscp, [0, 46], dice) ?? 0 }),
    ...(protocols.fragment !== undefined && { fragment: protocols.fragment }),
  };
}

function drawFragment({ fragment }: CheckedMatch, { plain, random }: Dice): PacketSpec['fragment'] {
  if (fragment === 'any') return plain || random(2) === 0 ? 'first' : 'later';
  return fragment === 'none' ? undefined : fragment;
}

/** Protocols that the packet can have. An extension header is one only where it hides behind a later fragment. */
function protocolsFor(match: CheckedMatch, family: 4 | 6, fragment: PacketSpec['fragment']) {
  let ranges = match.protocol?.[`v${family}`] ?? EVERY_BYTE;
  if (match.icmpType || match.icmpCode) ranges = among(ranges, [family === 4 ? Protocol.ICMP : Protocol.ICMPV6]);
  if (match.tcpFlags) ranges = among(ranges, [Protocol.TCP]);
  if (match.fromPort || match.port) ranges = among(ranges, [Protocol.TCP, Protocol.UDP, Protocol.SCTP]);
  if (family === 4 || fragment === 'later') return { ranges, fragment };
  const whole = without(ranges, extensionProtocols);
  const canHide = whole.length === 0 && match.fragment !== 'none' && match.fragment !== 'first';
  return canHide ? { ranges, fragment: 'later' as const } : { ranges: whole, fragment };
}

function without(ranges: readonly NumberRange[], numbers: Iterable<number>): NumberRange[] {
  let rest = [...ranges];
  for (const number of numbers) {
    rest = rest.flatMap((range) => [...between([range], 0, number - 1), ...between([range], number + 1, 255)]);
  }
  return rest;
}

function drawFlags({ tcpFlags }: CheckedMatch, { plain, random }: Dice): number {
  if (tcpFlags === undefined) return usualFlags[plain ? 0 : random(usualFlags.length)] as number;
  const { mask, value } = tcpFlags;
  if (plain && value !== 0) return value;
  return value | ((plain ? usualFlags[0] : random(256)) & ~mask);
}

/** Neighbour discovery with a hop limit of 255 is none of the business of a rule that does not speak of it. */
function drawTtl(match: CheckedMatch, isDiscovery: boolean, dice: Dice): number | undefined {
  if (match.ttl) return drawNumber(match.ttl, isDiscovery && speaksOfDiscovery(match) ? [255, 64] : [64, 63], dice);
  return isDiscovery && !speaksOfDiscovery(match) ? 64 : undefined;
}

function withLength(spec: PacketSpec, match: CheckedMatch, dice: Dice): Drawn {
  const least = headersLength(spec) + (spec.payload?.length ?? 0);
  if (match.length === undefined) return { spec };
  const length = drawNumber(between(match.length, least, maximumLength(spec.src.family)), [], dice);
  return length === undefined ? { reason: 'no packet has such a length' } : { spec: { ...spec, length } };
}
