import { extensionProtocols, isIcmp } from '../../packet/headers.ts';
import { maximumLength, type PacketSpec } from '../../packet/spec.ts';
import type { CheckedMatch, CheckedPolicy, NumberRange } from '../../policy/checked.ts';
import { exampleName, matchesInterface } from '../../policy/interface-pattern.ts';
import { assemble, startOf, toPacket } from './assemble.ts';
import { edgeNumbers } from './dice.ts';
import { edgeAddresses } from './draw-address.ts';
import type { MadePacket } from './made-packet.ts';

/**
 * Packets at the edges of a match: each is the one inside but for one field, which has the first or the last value of a
 * range that is asked for, or the value next to it. First one of each field, then the others.
 */
export function edgesOf(
  match: CheckedMatch,
  spec: PacketSpec,
  inside: MadePacket,
  policy: CheckedPolicy,
): MadePacket[] {
  const perField: readonly (readonly MadePacket[])[] = [
    ...neighboursOf(match, spec, policy).map((specs) => built(specs, match, inside)),
    otherInterface(match, inside, policy),
    otherBytes(match, inside),
  ];
  const longest = Math.max(0, ...perField.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) => perField.flatMap((made) => made.slice(turn, turn + 1))).flat();
}

function built(specs: readonly Partial<PacketSpec>[], match: CheckedMatch, inside: MadePacket): MadePacket[] {
  const { direction, timeMs, interface: name } = inside.circumstances;
  const circumstances = { direction, timeMs, ...(name !== undefined && { interface: name }) };
  return specs.flatMap((spec) => assemble(spec as PacketSpec, match, circumstances) ?? []);
}

/** Per field that the match names. */
function neighboursOf(match: CheckedMatch, spec: PacketSpec, policy: CheckedPolicy): PacketSpec[][] {
  const { protocol, src, dst } = spec;
  const family = src.family;
  const each = <Name extends keyof PacketSpec>(name: Name, values: readonly PacketSpec[Name][]): PacketSpec[] =>
    values.map((value) => ({ ...spec, [name]: value }));
  const numbers = <Name extends keyof PacketSpec>(
    name: Name,
    ranges: readonly NumberRange[] | undefined,
    last: number,
  ) =>
    ranges && typeof spec[name] === 'number'
      ? each(name, edgeNumbers(ranges, spec[name] as number, last) as PacketSpec[Name][])
      : [];
  const tags = spec.vlan === undefined ? [] : [withoutTag(spec)];
  if (protocol === 'arp') return [numbers('vlan', match.vlan, 4095), numbers('length', match.length, 1500), tags];
  const isBuilt = (other: number): boolean => family === 4 || !extensionProtocols.has(other);
  const protocols = match.protocol ? edgeNumbers(match.protocol[`v${family}`], protocol, 255).filter(isBuilt) : [];
  const ofIcmp = isIcmp(family, protocol);
  const flags = match.tcpFlags && spec.tcpFlags !== undefined ? [spec.tcpFlags ^ lowestBit(match.tcpFlags.mask)] : [];
  return [
    each('protocol', protocols),
    match.from ? each('src', edgeAddresses(match.from, src, policy)) : [],
    match.to ? each('dst', edgeAddresses(match.to, dst, policy)) : [],
    numbers('dstPort', match.port, 0xffff),
    numbers('srcPort', match.fromPort, 0xffff),
    each('tcpFlags', flags),
    ofIcmp ? numbers('icmpType', match.icmpType?.[`v${family}`], 255) : [],
    ofIcmp ? numbers('icmpCode', match.icmpCode?.[`v${family}`], 255) : [],
    numbers('length', match.length, maximumLength(family)),
    numbers('ttl', match.ttl, 255),
    numbers('dscp', match.dscp, 63),
    [...numbers('vlan', match.vlan, 4095), ...(match.vlan ? tags : [])],
    match.fragment ? otherFragment(spec) : [],
  ];
}

const lowestBit = (bits: number): number => bits & -bits;

function withoutTag({ vlan: _, vlanInner: __, ...spec }: PacketSpec): PacketSpec {
  return spec;
}

function otherFragment({ fragment, ...spec }: PacketSpec): PacketSpec[] {
  return fragment === undefined ? [{ ...spec, fragment: 'first' }] : [spec];
}

function otherInterface(match: CheckedMatch, inside: MadePacket, policy: CheckedPolicy): MadePacket[] {
  const { interface: asked } = match;
  const names = [...policy.interfaces, ...(asked?.none ?? [])].flatMap((pattern) => exampleName(pattern) ?? []);
  const others = asked === undefined ? [] : names.filter((name) => !matchesInterface(asked, name));
  return others.slice(0, 1).map((name) => ({ ...inside, circumstances: { ...inside.circumstances, interface: name } }));
}

/** The first bit that is looked at is another. */
function otherBytes({ payload }: CheckedMatch, { frame, circumstances }: MadePacket): MadePacket[] {
  const index = payload?.mask.findIndex((bits) => bits !== 0) ?? -1;
  if (payload === undefined || index < 0) return [];
  const changed = frame.slice();
  const at = startOf(payload, frame) + index;
  changed[at] = (changed[at] ?? 0) ^ lowestBit(payload.mask[index] ?? 0);
  const made = toPacket(changed, circumstances.wireLength, circumstances);
  return made ? [made] : [];
}
