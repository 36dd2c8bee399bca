/** Numbers of the IEEE (ethertypes) and of IANA (IP protocols) that frames are parsed and built by. */

export const ETHERNET_HEADER_LENGTH = 14;
export const VLAN_TAG_LENGTH = 4;
export const ARP_LENGTH = 28;
export const IPV4_HEADER_LENGTH = 20;
export const IPV6_HEADER_LENGTH = 40;

export const Ethertype = {
  IPV4: 0x0800,
  ARP: 0x0806,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  QINQ: 0x88a8,
} as const;

export const Protocol = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  IPV6: 41,
  ROUTING: 43,
  FRAGMENT: 44,
  GRE: 47,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  DESTINATION_OPTIONS: 60,
  SCTP: 132,
  MOBILITY: 135,
  HIP: 139,
  SHIM6: 140,
} as const;

/** IPv6 extension headers that stand before the transport header and say where they end. */
export const extensionProtocols: ReadonlySet<number> = new Set([
  Protocol.HOP_BY_HOP,
  Protocol.ROUTING,
  Protocol.FRAGMENT,
  Protocol.AH,
  Protocol.DESTINATION_OPTIONS,
  Protocol.MOBILITY,
  Protocol.HIP,
  Protocol.SHIM6,
]);

/** Bytes of a transport header without options, by protocol; a protocol that is not here has none known. */
const transportLengths: ReadonlyMap<number, number> = new Map([
  [Protocol.TCP, 20],
  [Protocol.UDP, 8],
  [Protocol.SCTP, 12],
  [Protocol.GRE, 4],
  [Protocol.ESP, 8],
]);

/** Bytes of the smallest transport header of `protocol` in `family`, 0 where none is known. */
export function transportHeaderLength(family: number, protocol: number): number {
  return isIcmp(family, protocol) ? 8 : (transportLengths.get(protocol) ?? 0);
}

/** ICMP in IPv4 or ICMPv6 in IPv6. */
export function isIcmp(family: number, protocol: number): boolean {
  return protocol === (family === 6 ? Protocol.ICMPV6 : Protocol.ICMP);
}

/** ICMP in IPv6 or ICMPv6 in IPv4: a protocol number like any other, whose header nobody reads. */
export function isForeignIcmp(family: number, protocol: number): boolean {
  return protocol === (family === 6 ? Protocol.ICMP : Protocol.ICMPV6);
}

export function hasPorts(protocol: number): boolean {
  return protocol === Protocol.TCP || protocol === Protocol.UDP || protocol === Protocol.SCTP;
}

/** Router and neighbour solicitation and advertisement, and redirect (RFC 4861). */
export const NEIGHBOUR_DISCOVERY_TYPES = { first: 133, last: 137 } as const;

export function isNeighbourDiscovery(icmpType: number): boolean {
  return icmpType >= NEIGHBOUR_DISCOVERY_TYPES.first && icmpType <= NEIGHBOUR_DISCOVERY_TYPES.last;
}
