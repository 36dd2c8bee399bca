import { Fragment, Reason } from '../generated/abi.ts';
import { type Cursor, holds } from './cursor.ts';
import { extensionProtocols, IPV6_HEADER_LENGTH, Protocol } from './headers.ts';
import { parseTransport } from './parse-transport.ts';

const MAX_EXTENSIONS = 8;
/** Of an extension header: bytes that each has at least. */
const EXTENSION_MINIMUM = 8;

/** The IPv6 header at `l3Offset`, the extension headers behind it and what they carry. */
export function parseIpv6(cursor: Cursor): number {
  const { view, packet } = cursor;
  const at = packet.l3Offset;
  if (!holds(cursor, at, IPV6_HEADER_LENGTH)) return Reason.TRUNCATED_IPV6;
  const versionClassLabel = view.getUint32(at);
  if (versionClassLabel >>> 28 !== 6) return Reason.BAD_IPV6_HEADER;
  const length = packetLength(cursor);
  if (at + length > packet.frameLength) return Reason.TRUNCATED_IPV6;

  packet.family = 6;
  packet.srcHi = view.getBigUint64(at + 8);
  packet.srcLo = view.getBigUint64(at + 16);
  packet.dstHi = view.getBigUint64(at + 24);
  packet.dstLo = view.getBigUint64(at + 32);
  packet.ttl = view.getUint8(at + 7);
  packet.dscp = (versionClassLabel >>> 22) & 0x3f;
  packet.protocol = view.getUint8(at + 6);
  packet.length = length;
  return parseExtensions(cursor, at + IPV6_HEADER_LENGTH);
}

/** A payload length of zero in a frame longer than the field can say means a jumbo payload (RFC 2675, BIG TCP). */
function packetLength({ view, packet }: Cursor): number {
  const payloadLength = view.getUint16(packet.l3Offset + 4);
  const jumbo = payloadLength === 0 && packet.frameLength > 0xffff + IPV6_HEADER_LENGTH;
  return jumbo ? packet.frameLength - packet.l3Offset : IPV6_HEADER_LENGTH + payloadLength;
}

/** Where an extension is at fault, `protocol` and `l4Offset` keep its number and place. */
function parseExtensions(cursor: Cursor, start: number): number {
  const { view, packet } = cursor;
  let offset = start;
  for (let count = 0; extensionProtocols.has(packet.protocol) && packet.fragment !== Fragment.LATER; count++) {
    packet.l4Offset = offset;
    packet.payloadOffset = offset;
    if (count === MAX_EXTENSIONS) return Reason.TOO_MANY_EXTENSIONS;
    if (!holds(cursor, offset, EXTENSION_MINIMUM)) return Reason.TRUNCATED_EXTENSION;
    const length = extensionLength(packet.protocol, view.getUint8(offset + 1));
    if (offset + length > packet.l3Offset + packet.length) return Reason.TRUNCATED_EXTENSION;
    if (packet.protocol === Protocol.FRAGMENT) setFragment(cursor, view.getUint16(offset + 2));
    packet.protocol = view.getUint8(offset);
    offset += length;
  }
  return parseTransport(cursor, offset);
}

function extensionLength(protocol: number, lengthField: number): number {
  if (protocol === Protocol.FRAGMENT) return 8;
  return protocol === Protocol.AH ? (lengthField + 2) * 4 : (lengthField + 1) * 8;
}

/** `field`: offset 13 bits, reserved 2, more fragments 1. A fragment that is the whole packet (RFC 6946) is none. */
function setFragment({ packet }: Cursor, field: number): void {
  if (field >> 3) packet.fragment = Fragment.LATER;
  else if (field & 1) packet.fragment = Fragment.FIRST;
}
