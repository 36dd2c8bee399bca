import { Fragment, Reason } from '../generated/abi.ts';
import { type Cursor, holds } from './cursor.ts';
import { IPV4_HEADER_LENGTH } from './headers.ts';
import { parseTransport } from './parse-transport.ts';

const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

/** The IPv4 header at `l3Offset` and what it carries. Nothing of a header that contradicts itself is kept. */
export function parseIpv4(cursor: Cursor): number {
  const { view, packet } = cursor;
  const at = packet.l3Offset;
  if (!holds(cursor, at, IPV4_HEADER_LENGTH)) return Reason.TRUNCATED_IPV4;
  const version = view.getUint8(at) >> 4;
  const headerLength = (view.getUint8(at) & 0xf) * 4;
  if (version !== 4 || headerLength < IPV4_HEADER_LENGTH) return Reason.BAD_IPV4_HEADER;
  if (!holds(cursor, at, headerLength)) return Reason.TRUNCATED_IPV4;
  const length = totalLength(cursor);
  if (length < headerLength) return Reason.BAD_IPV4_HEADER;
  if (at + length > packet.frameLength) return Reason.TRUNCATED_IPV4;

  packet.family = 4;
  packet.srcLo = BigInt(view.getUint32(at + 12));
  packet.dstLo = BigInt(view.getUint32(at + 16));
  packet.ttl = view.getUint8(at + 8);
  packet.dscp = view.getUint8(at + 1) >> 2;
  packet.protocol = view.getUint8(at + 9);
  packet.length = length;
  packet.fragment = fragmentOf(view.getUint16(at + 6));
  return parseTransport(cursor, at + headerLength);
}

/** Zero in a frame longer than the field can say means segments not yet cut (BIG TCP). */
function totalLength({ view, packet }: Cursor): number {
  const length = view.getUint16(packet.l3Offset + 2);
  return length === 0 && packet.frameLength > 0xffff ? packet.frameLength - packet.l3Offset : length;
}

function fragmentOf(flagsAndOffset: number): number {
  if (flagsAndOffset & FRAGMENT_OFFSET) return Fragment.LATER;
  return flagsAndOffset & MORE_FRAGMENTS ? Fragment.FIRST : Fragment.NONE;
}
