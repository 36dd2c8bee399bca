/**
 * IP protocols by name (IANA "Protocol Numbers"), those that somebody is likely to write a rule about; the others go
 * by number. `icmp` is not here: it stands for two protocols, see protocols.ts.
 */
export const PROTOCOL_NUMBERS = {
  igmp: 2,
  ipip: 4,
  tcp: 6,
  egp: 8,
  igp: 9,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  skip: 57,
  eigrp: 88,
  ospf: 89,
  etherip: 97,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  l2tp: 115,
  isis: 124,
  sctp: 132,
  'mobility-header': 135,
  udplite: 136,
  'mpls-in-ip': 137,
  hip: 139,
  shim6: 140,
  rohc: 142,
  ethernet: 143,
} as const;

/** Every name that `protocol` takes. */
export const PROTOCOL_NAMES = ['icmp', 'icmpv4', 'icmpv6', 'arp', ...objectKeys(PROTOCOL_NUMBERS)] as const;

export type ProtocolName = (typeof PROTOCOL_NAMES)[number];

function objectKeys<K extends string>(object: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(object) as K[];
}
