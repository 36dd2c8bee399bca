/** ICMP types and codes by name, as in the IANA registries "ICMP Parameters" and "ICMPv6 Parameters". */
export interface FamilyNumbers {
  readonly v4?: number;
  readonly v6?: number;
}

/** Both spellings of "neighbor" are taken, see `icmpTypeNumbers`. */
const TYPES: Readonly<Record<string, FamilyNumbers>> = {
  // in both families
  'destination-unreachable': { v4: 3, v6: 1 },
  'time-exceeded': { v4: 11, v6: 3 },
  'parameter-problem': { v4: 12, v6: 4 },
  'echo-request': { v4: 8, v6: 128 },
  'echo-reply': { v4: 0, v6: 129 },
  redirect: { v4: 5, v6: 137 },
  'router-solicitation': { v4: 10, v6: 133 },
  'router-advertisement': { v4: 9, v6: 134 },
  'extended-echo-request': { v4: 42, v6: 160 },
  'extended-echo-reply': { v4: 43, v6: 161 },
  // ICMP for IPv4
  'source-quench': { v4: 4 },
  'alternate-host-address': { v4: 6 },
  'timestamp-request': { v4: 13 },
  'timestamp-reply': { v4: 14 },
  'information-request': { v4: 15 },
  'information-reply': { v4: 16 },
  'address-mask-request': { v4: 17 },
  'address-mask-reply': { v4: 18 },
  traceroute: { v4: 30 },
  'datagram-conversion-error': { v4: 31 },
  'mobile-host-redirect': { v4: 32 },
  'ipv6-where-are-you': { v4: 33 },
  'ipv6-i-am-here': { v4: 34 },
  'mobile-registration-request': { v4: 35 },
  'mobile-registration-reply': { v4: 36 },
  'domain-name-request': { v4: 37 },
  'domain-name-reply': { v4: 38 },
  skip: { v4: 39 },
  photuris: { v4: 40 },
  'experimental-mobility': { v4: 41, v6: 150 },
  // ICMPv6
  'packet-too-big': { v6: 2 },
  'multicast-listener-query': { v6: 130 },
  'multicast-listener-report': { v6: 131 },
  'multicast-listener-done': { v6: 132 },
  'neighbor-solicitation': { v6: 135 },
  'neighbor-advertisement': { v6: 136 },
  'router-renumbering': { v6: 138 },
  'node-information-query': { v6: 139 },
  'node-information-response': { v6: 140 },
  'inverse-neighbor-discovery-solicitation': { v6: 141 },
  'inverse-neighbor-discovery-advertisement': { v6: 142 },
  'multicast-listener-report-v2': { v6: 143 },
  'home-agent-address-discovery-request': { v6: 144 },
  'home-agent-address-discovery-reply': { v6: 145 },
  'mobile-prefix-solicitation': { v6: 146 },
  'mobile-prefix-advertisement': { v6: 147 },
  'certification-path-solicitation': { v6: 148 },
  'certification-path-advertisement': { v6: 149 },
  'multicast-router-advertisement': { v6: 151 },
  'multicast-router-solicitation': { v6: 152 },
  'multicast-router-termination': { v6: 153 },
  fmipv6: { v6: 154 },
  'rpl-control': { v6: 155 },
  'ilnpv6-locator-update': { v6: 156 },
  'duplicate-address-request': { v6: 157 },
  'duplicate-address-confirmation': { v6: 158 },
  'mpl-control': { v6: 159 },
};

/** Other names that people know a type by. */
const TYPE_ALIASES: Readonly<Record<string, string>> = {
  ping: 'echo-request',
  pong: 'echo-reply',
  unreachable: 'destination-unreachable',
  'router-solicit': 'router-solicitation',
  'router-advert': 'router-advertisement',
  'neighbor-solicit': 'neighbor-solicitation',
  'neighbor-advert': 'neighbor-advertisement',
  'too-big': 'packet-too-big',
  timestamp: 'timestamp-request',
  'mld-query': 'multicast-listener-query',
  'mld-report': 'multicast-listener-report',
  'mld-done': 'multicast-listener-done',
  'mldv2-report': 'multicast-listener-report-v2',
  'version-2-multicast-listener-report': 'multicast-listener-report-v2',
  'mobile-prefix-advert': 'mobile-prefix-advertisement',
};

export const ICMP_TYPE_NAMES: readonly string[] = Object.keys(TYPES);

/** The numbers of a type by name, in either spelling of "neighbour". */
export function icmpTypeNumbers(name: string): FamilyNumbers | undefined {
  const plain = name.toLowerCase().replaceAll('neighbour', 'neighbor');
  const known = Object.hasOwn(TYPE_ALIASES, plain) ? (TYPE_ALIASES[plain] ?? plain) : plain;
  return Object.hasOwn(TYPES, known) ? TYPES[known] : undefined;
}

/** Codes have a meaning only with their type. */
export interface IcmpCode {
  readonly v4?: { readonly type: number; readonly code: number };
  readonly v6?: { readonly type: number; readonly code: number };
}

const CODES: Readonly<Record<string, IcmpCode>> = {
  // destination-unreachable
  'net-unreachable': { v4: { type: 3, code: 0 }, v6: { type: 1, code: 0 } },
  'no-route': { v4: { type: 3, code: 0 }, v6: { type: 1, code: 0 } },
  'host-unreachable': { v4: { type: 3, code: 1 }, v6: { type: 1, code: 3 } },
  'address-unreachable': { v4: { type: 3, code: 1 }, v6: { type: 1, code: 3 } },
  'protocol-unreachable': { v4: { type: 3, code: 2 } },
  'port-unreachable': { v4: { type: 3, code: 3 }, v6: { type: 1, code: 4 } },
  'fragmentation-needed': { v4: { type: 3, code: 4 } },
  'source-route-failed': { v4: { type: 3, code: 5 } },
  'net-unknown': { v4: { type: 3, code: 6 } },
  'host-unknown': { v4: { type: 3, code: 7 } },
  'source-host-isolated': { v4: { type: 3, code: 8 } },
  'net-prohibited': { v4: { type: 3, code: 9 } },
  'host-prohibited': { v4: { type: 3, code: 10 } },
  'tos-net-unreachable': { v4: { type: 3, code: 11 } },
  'tos-host-unreachable': { v4: { type: 3, code: 12 } },
  'admin-prohibited': { v4: { type: 3, code: 13 }, v6: { type: 1, code: 1 } },
  'communication-prohibited': { v4: { type: 3, code: 13 }, v6: { type: 1, code: 1 } },
  'host-precedence-violation': { v4: { type: 3, code: 14 } },
  'precedence-cutoff': { v4: { type: 3, code: 15 } },
  'beyond-scope': { v6: { type: 1, code: 2 } },
  'source-policy-failed': { v6: { type: 1, code: 5 } },
  'reject-route': { v6: { type: 1, code: 6 } },
  'source-routing-error': { v6: { type: 1, code: 7 } },
  // redirect
  'net-redirect': { v4: { type: 5, code: 0 } },
  'host-redirect': { v4: { type: 5, code: 1 } },
  'tos-net-redirect': { v4: { type: 5, code: 2 } },
  'tos-host-redirect': { v4: { type: 5, code: 3 } },
  // time-exceeded
  'ttl-exceeded': { v4: { type: 11, code: 0 }, v6: { type: 3, code: 0 } },
  'hop-limit-exceeded': { v4: { type: 11, code: 0 }, v6: { type: 3, code: 0 } },
  'reassembly-timeout': { v4: { type: 11, code: 1 }, v6: { type: 3, code: 1 } },
  // parameter-problem
  'bad-header': { v4: { type: 12, code: 0 }, v6: { type: 4, code: 0 } },
  'missing-option': { v4: { type: 12, code: 1 } },
  'bad-length': { v4: { type: 12, code: 2 } },
  'unknown-next-header': { v6: { type: 4, code: 1 } },
  'unknown-option': { v6: { type: 4, code: 2 } },
  'incomplete-header-chain': { v6: { type: 4, code: 3 } },
};

export const ICMP_CODE_NAMES: readonly string[] = Object.keys(CODES);

export function icmpCodeNumbers(name: string): IcmpCode | undefined {
  return Object.hasOwn(CODES, name.toLowerCase()) ? CODES[name.toLowerCase()] : undefined;
}
