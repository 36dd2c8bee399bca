import { Direction, type Packet, Reason, Stage, State, Trait, Verdict } from '../generated/abi.ts';
import { type Cursor, holds } from './cursor.ts';
import { ARP_LENGTH, ETHERNET_HEADER_LENGTH, Ethertype, VLAN_TAG_LENGTH } from './headers.ts';
import { parseIpv4 } from './parse-ipv4.ts';
import { parseIpv6 } from './parse-ipv6.ts';

export interface FrameOptions {
  readonly ifindex: number;
  /** Bytes that the frame had on the wire, where a capture kept fewer. */
  readonly frameLength?: number;
}

/**
 * What the data plane knows of an Ethernet frame: the twin of bpf/lib/parse.h, compared with it field by field by the
 * differential test. Never throws. A malformed frame has its `Reason` in `rule` (0 otherwise) and keeps what was
 * parsed before the header at fault.
 */
export function parseFrame(frame: Uint8Array, options: FrameOptions): Packet {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const packet = emptyPacket(options.ifindex, options.frameLength ?? frame.byteLength);
  packet.rule = parseEthernet({ view, packet });
  return packet;
}

function emptyPacket(ifindex: number, frameLength: number): Cursor['packet'] {
  return {
    srcHi: 0n,
    srcLo: 0n,
    dstHi: 0n,
    dstLo: 0n,
    timeNs: 0n,
    ifindex,
    frameLength,
    length: 0,
    mark: 0,
    rule: Reason.NONE,
    ethertype: 0,
    srcPort: 0,
    dstPort: 0,
    vlan: 0,
    vlanInner: 0,
    l3Offset: 0,
    l4Offset: 0,
    payloadOffset: 0,
    family: 0,
    protocol: 0,
    tcpFlags: 0,
    icmpType: 0,
    icmpCode: 0,
    ttl: 0,
    dscp: 0,
    fragment: 0,
    traits: 0,
    verdict: Verdict.NONE,
    stage: Stage.PARSE,
    state: State.UNTRACKED,
    direction: Direction.ORIGINAL,
    interfaceClass: 0,
  };
}

/** The reason why the frame is malformed, or `Reason.NONE`; so do all the parsers below it. */
function parseEthernet(cursor: Cursor): number {
  if (!holds(cursor, 0, ETHERNET_HEADER_LENGTH)) return Reason.TRUNCATED_ETHERNET;
  const { view, packet } = cursor;
  let offset = ETHERNET_HEADER_LENGTH;
  for (const depth of ['outer', 'inner'] as const) {
    if (!isVlan(view.getUint16(offset - 2))) break;
    if (!holds(cursor, offset, VLAN_TAG_LENGTH)) return Reason.TRUNCATED_VLAN;
    const id = view.getUint16(offset) & 0xfff;
    if (depth === 'outer') {
      packet.vlan = id;
      packet.traits |= Trait.VLAN;
    } else {
      packet.vlanInner = id;
      packet.traits |= Trait.VLAN_INNER;
    }
    offset += VLAN_TAG_LENGTH;
  }
  const ethertype = view.getUint16(offset - 2);
  if (isVlan(ethertype)) return Reason.TOO_MANY_VLAN_TAGS;
  return parseNetwork(cursor, offset, ethertype);
}

function isVlan(ethertype: number): boolean {
  return ethertype === Ethertype.VLAN || ethertype === Ethertype.QINQ;
}

function parseNetwork(cursor: Cursor, offset: number, ethertype: number): number {
  const { packet } = cursor;
  packet.ethertype = ethertype;
  packet.l3Offset = offset;
  packet.l4Offset = offset;
  packet.payloadOffset = offset;
  packet.length = packet.frameLength - offset;
  switch (ethertype) {
    case Ethertype.IPV4:
      return parseIpv4(cursor);
    case Ethertype.IPV6:
      return parseIpv6(cursor);
    case Ethertype.ARP:
      return parseArp(cursor);
    default:
      return Reason.NONE;
  }
}

function parseArp(cursor: Cursor): number {
  const { packet } = cursor;
  if (!holds(cursor, packet.l3Offset, ARP_LENGTH)) return Reason.TRUNCATED_ARP;
  packet.traits |= Trait.NEIGHBOUR;
  return Reason.NONE;
}
