/** Which hosts a lab has, and how they are wired. Only documentation addresses (RFC 5737, RFC 3849) are used. */
export interface Topology {
  readonly hosts: readonly HostPlan[];
  readonly links: readonly LinkPlan[];
}

export interface HostPlan {
  readonly name: string;
  /** Passes on packets that are not for it, in both families. */
  readonly forwards?: boolean;
  /** Where everything goes that is on no link of its own. */
  readonly gateways?: readonly string[];
}

/** A veth pair. Static neighbour entries are made on both ends, so that no flood can hide behind a lost ARP answer. */
export type LinkPlan = readonly [DevicePlan, DevicePlan];

export interface DevicePlan {
  readonly host: string;
  readonly device: string;
  /** With prefix length: `192.0.2.10/24`, `2001:db8:5e::10/64`. */
  readonly addresses: readonly string[];
}

/**
 * client (an administrator's address in the example policy) and attacker, each wired to the router, and the server
 * behind it. The router's eth0 faces the client, eth1 the attacker, eth2 the server.
 */
export const edgeTopology: Topology = {
  hosts: [
    { name: 'client', gateways: ['203.0.113.1', '2001:db8:ad::1'] },
    { name: 'attacker', gateways: ['198.51.100.1', '2001:db8:bad::1'] },
    { name: 'router', forwards: true },
    { name: 'server', gateways: ['192.0.2.1', '2001:db8:5e::1'] },
  ],
  links: [
    [
      { host: 'client', device: 'eth0', addresses: ['203.0.113.10/24', '2001:db8:ad::10/64'] },
      { host: 'router', device: 'eth0', addresses: ['203.0.113.1/24', '2001:db8:ad::1/64'] },
    ],
    [
      { host: 'attacker', device: 'eth0', addresses: ['198.51.100.7/24', '2001:db8:bad::7/64'] },
      { host: 'router', device: 'eth1', addresses: ['198.51.100.1/24', '2001:db8:bad::1/64'] },
    ],
    [
      { host: 'server', device: 'eth0', addresses: ['192.0.2.10/24', '2001:db8:5e::10/64'] },
      { host: 'router', device: 'eth2', addresses: ['192.0.2.1/24', '2001:db8:5e::1/64'] },
    ],
  ],
};

/** Two hosts, one cable: what most tests and benchmarks want. Each sends all else to the other. */
export const pairTopology: Topology = {
  hosts: [
    { name: 'client', gateways: ['192.0.2.10', '2001:db8:5e::10'] },
    { name: 'host', gateways: ['192.0.2.1', '2001:db8:5e::1'] },
  ],
  links: [
    [
      { host: 'client', device: 'eth0', addresses: ['192.0.2.1/24', '2001:db8:5e::1/64'] },
      { host: 'host', device: 'eth0', addresses: ['192.0.2.10/24', '2001:db8:5e::10/64'] },
    ],
  ],
};

/** The hardware address of one end of a link: the same in every run, so that a generator can be told it. */
export function hardwareAddress(link: number, end: 0 | 1): string {
  const octet = (value: number) => value.toString(16).padStart(2, '0');
  return `02:00:00:00:${octet(link)}:${octet(end)}`;
}

/** A device with its hardware address, and what is at the other end of its cable. */
export interface WiredDevice extends DevicePlan {
  readonly hardwareAddress: string;
  readonly peer: Omit<WiredDevice, 'peer'>;
}

/** The devices of one host, in the order of the links. */
export function devicesOf({ links }: Topology, host: string): WiredDevice[] {
  return links.flatMap(([a, b], link) => {
    const first = { ...a, hardwareAddress: hardwareAddress(link, 0) };
    const second = { ...b, hardwareAddress: hardwareAddress(link, 1) };
    return [
      { ...first, peer: second },
      { ...second, peer: first },
    ].filter((device) => device.host === host);
  });
}

/** `192.0.2.10/24` without its prefix length. */
export const withoutPrefixLength = (address: string): string => address.replace(/\/\d+$/, '');
