import type { Address } from './address.ts';
import {
  ARP_LENGTH,
  IPV4_HEADER_LENGTH,
  IPV6_HEADER_LENGTH,
  isNeighbourDiscovery,
  Protocol,
  transportHeaderLength,
} from './headers.ts';

/** A packet as a person or a test describes it; `buildFrame` makes its bytes. What is left out has a sane value. */
export interface PacketSpec {
  /** IANA protocol number behind all IPv6 extension headers. */
  readonly protocol: number | 'arp';
  /** Both of one family. Of ARP: the IPv4 addresses of sender and target. */
  readonly src: Address;
  readonly dst: Address;
  /** 0 where left out. Of TCP, UDP and SCTP. */
  readonly srcPort?: number;
  readonly dstPort?: number;
  /** Bits as in struct packet. SYN where left out. */
  readonly tcpFlags?: number;
  /** Echo request where left out. */
  readonly icmpType?: number;
  /** 0 where left out. */
  readonly icmpCode?: number;
  /** TTL or hop limit: 64 where left out, but 255 for neighbour discovery. */
  readonly ttl?: number;
  readonly dscp?: number;
  /** VLAN ids, 802.1Q for one tag, 802.1ad outside 802.1Q for two. */
  readonly vlan?: number;
  readonly vlanInner?: number;
  /** `first`: offset 0, more to come. `later`: offset 1480, the last one, without a transport header. */
  readonly fragment?: 'first' | 'later';
  /** Bytes of the IP packet (of ARP: behind the link header); the payload is filled up with zeroes to reach it. */
  readonly length?: number;
  /** Behind the transport header. */
  readonly payload?: Uint8Array;
  /** The name of the interface that it comes in or goes out by. No part of the frame. */
  readonly interface?: string;
  /** IPv4 options, a multiple of four bytes up to 40. */
  readonly ipv4Options?: Uint8Array;
  /** TCP options, a multiple of four bytes up to 40. */
  readonly tcpOptions?: Uint8Array;
  /** IPv6 extension headers, first to last; that of `fragment` stands behind them. */
  readonly extensions?: readonly ExtensionSpec[];
}

export interface ExtensionSpec {
  /** One of `extensionProtocols`; 44 makes an atomic fragment. */
  readonly protocol: number;
  /** Bytes of the whole header, a multiple of 8 (of 4 for AH); 8 where left out (12 for AH). */
  readonly length?: number;
  /** Of a fragment header: offset 13 bits, reserved 2, more fragments 1. 0 where left out: atomic. */
  readonly fragmentField?: number;
}

/** Where a later fragment begins: behind what an Ethernet frame of 1,514 bytes leaves for the first. Bytes. */
export const LATER_FRAGMENT_OFFSET = 1480;

/** Bytes in front of the payload, from the network header on: the least that `length` can be. */
export function headersLength(spec: PacketSpec): number {
  if (spec.protocol === 'arp') return ARP_LENGTH;
  return networkHeadersLength(spec) + transportLength(spec, spec.protocol);
}

function networkHeadersLength(spec: PacketSpec): number {
  if (spec.src.family === 4) return IPV4_HEADER_LENGTH + (spec.ipv4Options?.length ?? 0);
  const extensions = allExtensions(spec).map(extensionLength);
  return extensions.reduce((sum, length) => sum + length, IPV6_HEADER_LENGTH);
}

function transportLength(spec: PacketSpec, protocol: number): number {
  if (spec.fragment === 'later') return 0;
  return transportHeaderLength(spec.src.family, protocol) + (spec.tcpOptions?.length ?? 0);
}

/** The extension headers that the packet has, that of its fragmentation included. */
export function allExtensions(spec: PacketSpec): readonly ExtensionSpec[] {
  const extensions = spec.extensions ?? [];
  if (spec.fragment === undefined) return extensions;
  // The offset counts units of eight bytes from bit 3 on, so that a number of bytes stands in the field as it is.
  const fragmentField = spec.fragment === 'first' ? 1 : LATER_FRAGMENT_OFFSET;
  return [...extensions, { protocol: Protocol.FRAGMENT, fragmentField }];
}

export function extensionLength({ protocol, length }: ExtensionSpec): number {
  return length ?? (protocol === Protocol.AH ? 12 : 8);
}

/**
 * The TTL or hop limit that a packet has where nothing else is said: 64, but 255 for neighbour discovery, which is
 * believed with no other (RFC 4861). `icmpType` counts only in ICMPv6.
 */
export function defaultTtl(packet: {
  readonly family: number;
  readonly protocol: number | 'arp';
  readonly icmpType?: number | undefined;
}): number {
  const { family, protocol, icmpType } = packet;
  const icmpv6 = family === 6 && protocol === Protocol.ICMPV6;
  return icmpv6 && icmpType !== undefined && isNeighbourDiscovery(icmpType) ? 255 : 64;
}

/** What the length fields of the IP header can say. Bytes of the IP packet. */
export function maximumLength(family: number): number {
  return family === 4 ? 0xffff : IPV6_HEADER_LENGTH + 0xffff;
}

/** Echo request. */
export function defaultIcmpType(family: number): number {
  return family === 4 ? 8 : 128;
}
