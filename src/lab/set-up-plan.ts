import { devicesOf, type HostPlan, hardwareAddress, type Topology, withoutPrefixLength } from './topology.ts';

/** Gives the network namespace of a host. */
export type NamespaceOf = (host: string) => string;

/** Lines for `ip -batch` in the starting namespace: make the namespaces and the cables between them. */
export function wiring({ hosts, links }: Topology, namespaceOf: NamespaceOf): string[] {
  return [
    ...hosts.map(({ name }) => `netns add ${namespaceOf(name)}`),
    ...links.map(([a, b], link) => {
      const first = `${a.device} netns ${namespaceOf(a.host)} address ${hardwareAddress(link, 0)}`;
      const second = `${b.device} netns ${namespaceOf(b.host)} address ${hardwareAddress(link, 1)}`;
      return `link add ${first} type veth peer name ${second}`;
    }),
  ];
}

/** Lines for `ip -batch` inside the namespace of `host`: addresses, neighbours, routes. */
export function addressing(topology: Topology, host: HostPlan): string[] {
  const devices = devicesOf(topology, host.name).flatMap(({ device, addresses, peer }) => [
    // Without nodad an IPv6 address cannot be used for its first second.
    ...addresses.map((address) => `address add ${address} dev ${device}${v6(address) ? ' nodad' : ''}`),
    `link set ${device} up`,
    ...peer.addresses
      .map(withoutPrefixLength)
      .map((address) => `neighbour add ${address} lladdr ${peer.hardwareAddress} nud permanent dev ${device}`),
  ]);
  return ['link set lo up', ...devices, ...(host.gateways ?? []).map((gateway) => `route add default via ${gateway}`)];
}

/**
 * The shell script that is run inside the namespace of `host` after the addressing.
 *
 * tx off: a frame between two namespaces would otherwise carry no checksum, which XDP would see and send back.
 * VLAN offloads off: a tag stays in the frame, where XDP can see it.
 * gro on: gives the device the receive queue that XDP_TX and XDP_REDIRECT on its peer need; without it the kernel
 * drops those frames unless an XDP program is attached here too. For XDP_TX, see also `receiveXdpFrames`.
 */
export function tuning(topology: Topology, host: HostPlan): string[] {
  return [
    ...devicesOf(topology, host.name).map(({ device }) => `ethtool -K ${device} tx off rxvlan off txvlan off gro on`),
    ...(host.forwards
      ? ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'].map((key) => `echo 1 >/proc/sys/net/${key}`)
      : []),
  ];
}

const v6 = (address: string): boolean => address.includes(':');
