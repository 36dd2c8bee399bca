import { Fragment, type Packet, Trait } from '../generated/abi.ts';
import { Ethertype } from '../packet/headers.ts';
import { runCbpf } from './cbpf-interpreter.ts';
import type {
  AddressMatch,
  AddressOperand,
  AddressRanges,
  CheckedMatch,
  CheckedPolicy,
  NumberRange,
  PayloadMatch,
  ProtocolMatch,
} from './checked.ts';
import { matchesInterface } from './interface-pattern.ts';
import { isOpen } from './when/is-open.ts';

/** What a match is asked about. */
export interface Subject {
  readonly policy: CheckedPolicy;
  readonly frame: Uint8Array;
  readonly packet: Packet;
  readonly interfaceName: string | undefined;
  /** When the packet passes, Unix time in milliseconds. */
  readonly timeMs: number;
}

/** Whether every match that is named is true of the packet. */
export function matches(match: CheckedMatch, subject: Subject): boolean {
  return names.every((name) => match[name] === undefined || tests[name](match, subject));
}

type Test = (match: CheckedMatch, subject: Subject) => boolean;

/** One a match: true where it is not named. */
const tests: { readonly [Name in keyof CheckedMatch]-?: Test } = {
  protocol: ({ protocol }, { packet }) => protocol === undefined || hasProtocol(protocol, packet),
  from: ({ from }, subject) => from === undefined || hasAddress(from, subject, 'src'),
  to: ({ to }, subject) => to === undefined || hasAddress(to, subject, 'dst'),
  fromPort: ({ fromPort }, { packet }) =>
    fromPort === undefined || (has(packet, Trait.PORTS) && within(fromPort, packet.srcPort)),
  port: ({ port }, { packet }) => port === undefined || (has(packet, Trait.PORTS) && within(port, packet.dstPort)),
  tcpFlags: ({ tcpFlags }, { packet }) =>
    tcpFlags === undefined || (has(packet, Trait.TCP) && (packet.tcpFlags & tcpFlags.mask) === tcpFlags.value),
  icmpType: ({ icmpType }, { packet }) =>
    icmpType === undefined || (has(packet, Trait.ICMP) && within(ofFamily(icmpType, packet), packet.icmpType)),
  icmpCode: ({ icmpCode }, { packet }) =>
    icmpCode === undefined || (has(packet, Trait.ICMP) && within(ofFamily(icmpCode, packet), packet.icmpCode)),
  length: ({ length }, { packet }) => length === undefined || within(length, packet.length),
  ttl: ({ ttl }, { packet }) => ttl === undefined || (isIp(packet) && within(ttl, packet.ttl)),
  dscp: ({ dscp }, { packet }) => dscp === undefined || (isIp(packet) && within(dscp, packet.dscp)),
  vlan: ({ vlan }, { packet }) => vlan === undefined || (has(packet, Trait.VLAN) && within(vlan, packet.vlan)),
  fragment: ({ fragment }, { packet }) =>
    fragment === undefined || (isIp(packet) && fragments[fragment].includes(packet.fragment)),
  interface: (match, { interfaceName }) =>
    match.interface === undefined || (interfaceName !== undefined && matchesInterface(match.interface, interfaceName)),
  payload: ({ payload }, subject) => payload === undefined || hasBytes(payload, subject),
  filter: ({ filter }, { frame, packet }) =>
    filter === undefined || runCbpf(filter.program, frame, packet.frameLength) !== 0,
  when: ({ when }, { timeMs }) => when === undefined || isOpen(when, timeMs),
};

const names = Object.keys(tests) as (keyof CheckedMatch)[];

const fragments: Readonly<Record<NonNullable<CheckedMatch['fragment']>, readonly number[]>> = {
  any: [Fragment.FIRST, Fragment.LATER],
  none: [Fragment.NONE],
  first: [Fragment.FIRST],
  later: [Fragment.LATER],
};

function has(packet: Packet, trait: number): boolean {
  return (packet.traits & trait) !== 0;
}

function isIp(packet: Packet): boolean {
  return packet.family !== 0;
}

function within(ranges: readonly NumberRange[], value: number): boolean {
  return ranges.some(([lo, hi]) => lo <= value && value <= hi);
}

function ofFamily<T>(both: { readonly v4: T; readonly v6: T }, packet: Packet): T {
  return packet.family === 4 ? both.v4 : both.v6;
}

function hasProtocol(protocol: ProtocolMatch, packet: Packet): boolean {
  if (isIp(packet)) return within(ofFamily(protocol, packet), packet.protocol);
  return protocol.arp && packet.ethertype === Ethertype.ARP;
}

function hasAddress(match: AddressMatch, { policy, packet }: Subject, end: 'src' | 'dst'): boolean {
  if (!isIp(packet)) return false;
  const holds = (operand: AddressOperand) => inRanges(rangesOf(operand, policy), packet, end);
  return (match.any.length === 0 || match.any.some(holds)) && !match.none.some(holds);
}

function rangesOf(operand: AddressOperand, policy: CheckedPolicy): AddressRanges {
  if (operand.kind === 'ranges') return operand.ranges;
  const set = policy.sets.get(operand.set);
  if (set === undefined) throw new Error(`a checked policy without its set ${operand.set}`);
  return set.ranges;
}

function inRanges({ v4, v6 }: AddressRanges, packet: Packet, end: 'src' | 'dst'): boolean {
  const hi = end === 'src' ? packet.srcHi : packet.dstHi;
  const lo = end === 'src' ? packet.srcLo : packet.dstLo;
  return packet.family === 4 ? inRanges4(v4, Number(lo)) : inRanges6(v6, (hi << 64n) | lo);
}

/** By halves, for ranges are sorted and disjoint, and a set may have them by the million. */
function inRanges4(ranges: Uint32Array, address: number): boolean {
  return isFound(ranges.length / 2, (index) => {
    const [lo, hi] = [ranges[index * 2] ?? 0, ranges[index * 2 + 1] ?? 0];
    return address < lo ? -1 : address > hi ? 1 : 0;
  });
}

function inRanges6(ranges: BigUint64Array, address: bigint): boolean {
  const joined = (at: number): bigint => ((ranges[at] ?? 0n) << 64n) | (ranges[at + 1] ?? 0n);
  return isFound(ranges.length / 4, (index) =>
    address < joined(index * 4) ? -1 : address > joined(index * 4 + 2) ? 1 : 0,
  );
}

/** `side`: 0 at what is looked for, below it where that lies before. */
function isFound(count: number, side: (index: number) => number): boolean {
  let [first, behind] = [0, count];
  while (first < behind) {
    const middle = (first + behind) >> 1;
    const where = side(middle);
    if (where === 0) return true;
    if (where < 0) behind = middle;
    else first = middle + 1;
  }
  return false;
}

function hasBytes({ base, offset, bytes, mask }: PayloadMatch, { frame, packet }: Subject): boolean {
  const start = baseOffset(base, packet) + offset;
  if (start < 0 || start + bytes.length > frame.length) return false;
  return bytes.every((byte, index) => {
    const bits = mask[index] ?? 0;
    return ((frame[start + index] ?? 0) & bits) === (byte & bits);
  });
}

function baseOffset(base: PayloadMatch['base'], packet: Packet): number {
  switch (base) {
    case 'frame':
      return 0;
    case 'network':
      return packet.l3Offset;
    case 'transport':
      return packet.l4Offset;
    case 'payload':
      return packet.payloadOffset;
  }
}
