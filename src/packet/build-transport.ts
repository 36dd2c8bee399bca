import { addressBytes } from './address.ts';
import { concat } from './bytes.ts';
import { crc32c, internetChecksum } from './checksum.ts';
import { Ethertype, isIcmp, Protocol, transportHeaderLength } from './headers.ts';
import { defaultIcmpType, type PacketSpec } from './spec.ts';

const SYN = 0x02;

/** The transport header of `protocol` and the payload, checksummed. A later fragment has only the payload. */
export function buildTransport(spec: PacketSpec, protocol: number, payload: Uint8Array): Uint8Array {
  if (spec.fragment === 'later') return payload;
  if (isIcmp(spec.src.family, protocol)) return icmp(spec, payload);
  switch (protocol) {
    case Protocol.TCP:
      return tcp(spec, payload);
    case Protocol.UDP:
      return udp(spec, payload);
    case Protocol.SCTP:
      return sctp(spec, payload);
    case Protocol.GRE:
      return concat(
        header(protocol, (view) => view.setUint16(2, Ethertype.IPV4)),
        payload,
      );
    case Protocol.ESP:
      return concat(header(protocol, setSecurityAssociation), payload);
    default:
      return payload;
  }
}

function tcp(spec: PacketSpec, payload: Uint8Array): Uint8Array {
  const options = spec.tcpOptions ?? new Uint8Array();
  const fixed = header(Protocol.TCP, (view) => {
    setPorts(view, spec);
    view.setUint32(4, 1);
    view.setUint8(12, ((view.byteLength + options.length) / 4) << 4);
    view.setUint8(13, spec.tcpFlags ?? SYN);
    view.setUint16(14, 0xffff);
  });
  return withChecksum(concat(fixed, options, payload), 16, pseudoHeader(spec, Protocol.TCP));
}

function udp(spec: PacketSpec, payload: Uint8Array): Uint8Array {
  const fixed = header(Protocol.UDP, (view) => {
    setPorts(view, spec);
    view.setUint16(4, view.byteLength + payload.length);
  });
  const segment = withChecksum(concat(fixed, payload), 6, pseudoHeader(spec, Protocol.UDP));
  // Zero would say that there is no checksum; its other form is sent instead (RFC 768).
  if (segment[6] === 0 && segment[7] === 0) segment.fill(0xff, 6, 8);
  return segment;
}

function sctp(spec: PacketSpec, payload: Uint8Array): Uint8Array {
  const fixed = header(Protocol.SCTP, (view) => setPorts(view, spec));
  const segment = concat(fixed, payload);
  viewOf(segment).setUint32(8, crc32c(segment), true);
  return segment;
}

function icmp(spec: PacketSpec, payload: Uint8Array): Uint8Array {
  const message = concat(new Uint8Array(8), payload);
  message[0] = spec.icmpType ?? defaultIcmpType(spec.src.family);
  message[1] = spec.icmpCode ?? 0;
  return withChecksum(message, 2, spec.src.family === 6 ? pseudoHeader(spec, Protocol.ICMPV6) : undefined);
}

function header(protocol: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(transportHeaderLength(4, protocol));
  set(viewOf(bytes));
  return bytes;
}

function setPorts(view: DataView, { srcPort = 0, dstPort = 0 }: PacketSpec): void {
  view.setUint16(0, srcPort);
  view.setUint16(2, dstPort);
}

/** Security parameters index and sequence number; neither may be 0. */
function setSecurityAssociation(view: DataView): void {
  view.setUint32(0, 0x100);
  view.setUint32(4, 1);
}

/** Addresses, length and protocol, of which a transport checksum is taken too (RFC 9293, 3.1 and RFC 8200, 8.1). */
function pseudoHeader({ src, dst }: PacketSpec, protocol: number): (length: number) => Uint8Array {
  return (length) => {
    const lengthAndProtocol = new Uint8Array(8);
    viewOf(lengthAndProtocol).setUint32(0, length);
    lengthAndProtocol[7] = protocol;
    return concat(addressBytes(src), addressBytes(dst), lengthAndProtocol);
  };
}

/** Puts the Internet checksum at `offset`, where zeroes stand. Changes and returns `segment`. */
function withChecksum(segment: Uint8Array, offset: number, pseudo?: (length: number) => Uint8Array): Uint8Array {
  const checksum = internetChecksum(pseudo?.(segment.length) ?? new Uint8Array(), segment);
  viewOf(segment).setUint16(offset, checksum);
  return segment;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
