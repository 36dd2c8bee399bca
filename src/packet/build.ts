import { addressBytes } from './address.ts';
import { buildTransport } from './build-transport.ts';
import { concat } from './bytes.ts';
import { internetChecksum } from './checksum.ts';
import {
  ETHERNET_HEADER_LENGTH,
  Ethertype,
  IPV4_HEADER_LENGTH,
  IPV6_HEADER_LENGTH,
  Protocol,
  VLAN_TAG_LENGTH,
} from './headers.ts';
import {
  allExtensions,
  defaultTtl,
  type ExtensionSpec,
  extensionLength,
  headersLength,
  LATER_FRAGMENT_OFFSET,
  type PacketSpec,
} from './spec.ts';

/** Locally administered addresses: no real interface has them. */
const DESTINATION_MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x02);
const SOURCE_MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 0x01);

const MORE_FRAGMENTS_IPV4 = 0x2000;

/**
 * The Ethernet frame that `spec` describes, from the destination address on, not padded to 60 bytes, with all lengths
 * and checksums right. A `length` below that of the headers and the payload is a RangeError.
 */
export function buildFrame(spec: PacketSpec): Uint8Array {
  const payload = paddedPayload(spec);
  if (spec.protocol === 'arp') return concat(ethernet(spec, Ethertype.ARP), arp(spec), payload);
  const transport = buildTransport(spec, spec.protocol, payload);
  return spec.src.family === 4
    ? concat(ethernet(spec, Ethertype.IPV4), ipv4(spec, spec.protocol, transport.length), transport)
    : concat(ethernet(spec, Ethertype.IPV6), ipv6(spec, spec.protocol, transport.length), transport);
}

function paddedPayload(spec: PacketSpec): Uint8Array {
  const given = spec.payload ?? new Uint8Array();
  if (spec.length === undefined) return given;
  const size = spec.length - headersLength(spec);
  if (size < given.length) {
    const needed = headersLength(spec) + given.length;
    throw new RangeError(`headers and payload of ${needed} bytes in a packet of ${spec.length}`);
  }
  return concat(given, new Uint8Array(size - given.length));
}

function ethernet(spec: PacketSpec, ethertype: number): Uint8Array {
  const ids = [spec.vlan, spec.vlanInner].filter((id) => id !== undefined);
  const view = new DataView(new ArrayBuffer(ETHERNET_HEADER_LENGTH + ids.length * VLAN_TAG_LENGTH));
  const header = new Uint8Array(view.buffer);
  header.set(DESTINATION_MAC);
  header.set(SOURCE_MAC, 6);
  for (const [index, id] of ids.entries()) {
    view.setUint16(12 + index * VLAN_TAG_LENGTH, index < ids.length - 1 ? Ethertype.QINQ : Ethertype.VLAN);
    view.setUint16(14 + index * VLAN_TAG_LENGTH, id);
  }
  view.setUint16(header.length - 2, ethertype);
  return header;
}

/** Who has `dst`? Tell `src`. */
function arp({ src, dst }: PacketSpec): Uint8Array {
  const ethernetIpv4Request = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1);
  return concat(ethernetIpv4Request, SOURCE_MAC, addressBytes(src), new Uint8Array(6), addressBytes(dst));
}

function ipv4(spec: PacketSpec, protocol: number, transportLength: number): Uint8Array {
  const options = spec.ipv4Options ?? new Uint8Array();
  const headerLength = IPV4_HEADER_LENGTH + options.length;
  const view = new DataView(new ArrayBuffer(headerLength));
  view.setUint8(0, 0x40 | (headerLength / 4));
  view.setUint8(1, (spec.dscp ?? 0) << 2);
  view.setUint16(2, headerLength + transportLength);
  view.setUint16(4, spec.fragment ? 1 : 0);
  if (spec.fragment) view.setUint16(6, spec.fragment === 'first' ? MORE_FRAGMENTS_IPV4 : LATER_FRAGMENT_OFFSET / 8);
  view.setUint8(8, spec.ttl ?? defaultTtl({ ...spec, family: spec.src.family }));
  view.setUint8(9, protocol);
  const header = new Uint8Array(view.buffer);
  header.set(addressBytes(spec.src), 12);
  header.set(addressBytes(spec.dst), 16);
  header.set(options, IPV4_HEADER_LENGTH);
  view.setUint16(10, internetChecksum(header));
  return header;
}

function ipv6(spec: PacketSpec, protocol: number, transportLength: number): Uint8Array {
  const chain = allExtensions(spec);
  const headers = chain.map((extension, index) => extensionHeader(extension, chain[index + 1]?.protocol ?? protocol));
  const extensions = concat(...headers);
  const view = new DataView(new ArrayBuffer(IPV6_HEADER_LENGTH));
  view.setUint32(0, (0x60000000 | ((spec.dscp ?? 0) << 22)) >>> 0);
  view.setUint16(4, extensions.length + transportLength);
  view.setUint8(6, chain[0]?.protocol ?? protocol);
  view.setUint8(7, spec.ttl ?? defaultTtl({ ...spec, family: spec.src.family }));
  const header = new Uint8Array(view.buffer);
  header.set(addressBytes(spec.src), 8);
  header.set(addressBytes(spec.dst), 24);
  return concat(header, extensions);
}

/** Zeroes behind its first bytes: Pad1 options, or a routing header with no segments left. */
function extensionHeader(extension: ExtensionSpec, nextHeader: number): Uint8Array {
  const length = extensionLength(extension);
  const view = new DataView(new ArrayBuffer(length));
  view.setUint8(0, nextHeader);
  view.setUint8(1, extension.protocol === Protocol.AH ? length / 4 - 2 : length / 8 - 1);
  if (extension.fragmentField !== undefined) view.setUint16(2, extension.fragmentField);
  return new Uint8Array(view.buffer);
}
