import { Fragment, Reason, Trait } from '../generated/abi.ts';
import { type Cursor, holds } from './cursor.ts';
import { isNeighbourDiscovery, Protocol, transportHeaderLength } from './headers.ts';

const truncated: ReadonlyMap<number, number> = new Map([
  [Protocol.TCP, Reason.TRUNCATED_TCP],
  [Protocol.UDP, Reason.TRUNCATED_UDP],
  [Protocol.SCTP, Reason.TRUNCATED_SCTP],
  [Protocol.ICMP, Reason.TRUNCATED_ICMP],
  [Protocol.ICMPV6, Reason.TRUNCATED_ICMPV6],
  [Protocol.GRE, Reason.TRUNCATED_GRE],
  [Protocol.ESP, Reason.TRUNCATED_ESP],
]);

/** The transport header at `offset`, which has to lie inside the IP packet. A later fragment has none. */
export function parseTransport(cursor: Cursor, offset: number): number {
  const { packet } = cursor;
  packet.l4Offset = offset;
  packet.payloadOffset = offset;
  if (packet.fragment === Fragment.LATER) return Reason.NONE;
  const headerLength = transportHeaderLength(packet.family, packet.protocol);
  if (headerLength === 0) return Reason.NONE;
  if (!holds(cursor, offset, headerLength) || offset + headerLength > packetEnd(cursor)) {
    return truncated.get(packet.protocol) ?? Reason.NONE;
  }
  switch (packet.protocol) {
    case Protocol.TCP:
      return parseTcp(cursor);
    case Protocol.UDP:
    case Protocol.SCTP:
      setPorts(cursor);
      break;
    case Protocol.ICMP:
    case Protocol.ICMPV6:
      setIcmp(cursor);
      break;
  }
  packet.payloadOffset = offset + headerLength;
  return Reason.NONE;
}

/** Where the IP packet ends, from the first byte of the frame; padding may follow. */
function packetEnd({ packet }: Cursor): number {
  return packet.l3Offset + packet.length;
}

function parseTcp(cursor: Cursor): number {
  const { view, packet } = cursor;
  const headerLength = (view.getUint8(packet.l4Offset + 12) >> 4) * 4;
  if (headerLength < 20) return Reason.BAD_TCP_HEADER;
  if (packet.l4Offset + headerLength > packetEnd(cursor)) return Reason.TRUNCATED_TCP;
  setPorts(cursor);
  packet.tcpFlags = view.getUint8(packet.l4Offset + 13);
  packet.traits |= Trait.TCP;
  packet.payloadOffset = packet.l4Offset + headerLength;
  return Reason.NONE;
}

function setPorts({ view, packet }: Cursor): void {
  packet.srcPort = view.getUint16(packet.l4Offset);
  packet.dstPort = view.getUint16(packet.l4Offset + 2);
  packet.traits |= Trait.PORTS;
}

function setIcmp({ view, packet }: Cursor): void {
  packet.icmpType = view.getUint8(packet.l4Offset);
  packet.icmpCode = view.getUint8(packet.l4Offset + 1);
  packet.traits |= Trait.ICMP;
  // A hop limit of 255 proves that no router forwarded it (RFC 4861, 6.1 and 7.1).
  const discovery = packet.family === 6 && isNeighbourDiscovery(packet.icmpType) && packet.icmpCode === 0;
  if (discovery && packet.ttl === 255) packet.traits |= Trait.NEIGHBOUR;
}
