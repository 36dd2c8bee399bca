/** A type of ICMP or ICMPv6 and its codes, after IANA's registries, in the words that policies use. */
export interface IcmpType {
  readonly name: string;
  readonly number: number;
  readonly codes: ReadonlyMap<string, number>;
}

export const icmpTypes: readonly IcmpType[] = [
  type('echo-reply', 0),
  type('destination-unreachable', 3, {
    'net-unreachable': 0,
    'host-unreachable': 1,
    'protocol-unreachable': 2,
    'port-unreachable': 3,
    'fragmentation-needed': 4,
    'source-route-failed': 5,
    'net-prohibited': 9,
    'host-prohibited': 10,
    'admin-prohibited': 13,
  }),
  type('source-quench', 4),
  type('redirect', 5, { 'net-redirect': 0, 'host-redirect': 1, 'tos-net-redirect': 2, 'tos-host-redirect': 3 }),
  type('echo-request', 8),
  type('router-advertisement', 9),
  type('router-solicitation', 10),
  type('time-exceeded', 11, { 'ttl-exceeded': 0, 'reassembly-timeout': 1 }),
  type('parameter-problem', 12, { 'bad-header': 0, 'missing-option': 1, 'bad-length': 2 }),
  type('timestamp-request', 13),
  type('timestamp-reply', 14),
  type('information-request', 15),
  type('information-reply', 16),
  type('address-mask-request', 17),
  type('address-mask-reply', 18),
];

export const icmpv6Types: readonly IcmpType[] = [
  type('destination-unreachable', 1, {
    'no-route': 0,
    'admin-prohibited': 1,
    'beyond-scope': 2,
    'address-unreachable': 3,
    'port-unreachable': 4,
    'source-policy-failed': 5,
    'reject-route': 6,
  }),
  type('packet-too-big', 2),
  type('time-exceeded', 3, { 'hop-limit-exceeded': 0, 'reassembly-timeout': 1 }),
  type('parameter-problem', 4, { 'bad-header': 0, 'unknown-next-header': 1, 'unknown-option': 2 }),
  type('echo-request', 128),
  type('echo-reply', 129),
  type('multicast-listener-query', 130),
  type('multicast-listener-report', 131),
  type('multicast-listener-done', 132),
  type('router-solicitation', 133),
  type('router-advertisement', 134),
  type('neighbour-solicitation', 135),
  type('neighbour-advertisement', 136),
  type('redirect', 137),
  type('multicast-listener-report-v2', 143),
];

/** `family` 4: ICMP; 6: ICMPv6. */
export function icmpTypesOf(family: number): readonly IcmpType[] {
  return family === 4 ? icmpTypes : icmpv6Types;
}

/** The number of a type by its name, in either spelling of "neighbour". */
export function icmpTypeNumber(family: number, name: string): number | undefined {
  const spelled = name.toLowerCase().replace('neighbor', 'neighbour');
  return icmpTypesOf(family).find((known) => known.name === spelled)?.number;
}

/** The number of a code of `type` by its name. */
export function icmpCodeNumber(family: number, type: number, name: string): number | undefined {
  const known = icmpTypesOf(family).find(({ number }) => number === type);
  return known?.codes.get(name.toLowerCase());
}

function type(name: string, number: number, codes: Readonly<Record<string, number>> = {}): IcmpType {
  return { name, number, codes: new Map(Object.entries(codes)) };
}
