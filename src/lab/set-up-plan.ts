import { type HostPlan, hardwareAddress, type Topology, withoutPrefixLength } from './topology.ts';

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
export function addressing({ links }: Topology, host: HostPlan): string[] {
  const lines = ['link set lo up'];
  for (const [link, ends] of links.entries()) {
    for (const end of [0, 1] as const) {
      const [here, there] = end === 0 ? ends : [ends[1], ends[0]];
      if (here.host !== host.name) continue;
      const peerHardwareAddress = hardwareAddress(link, end === 0 ? 1 : 0);
      lines.push(
        // Without nodad an IPv6 address cannot be used for its first second.
        ...here.addresses.map((address) => `address add ${address} dev ${here.device}${v6(address) ? ' nodad' : ''}`),
        `link set ${here.device} up`,
        ...there.addresses
          .map(withoutPrefixLength)
          .map((address) => `neighbour add ${address} lladdr ${peerHardwareAddress} nud permanent dev ${here.device}`),
      );
    }
  }
  return [...lines, ...(host.gateways ?? []).map((gateway) => `route add default via ${gateway}`)];
}

/**
 * The shell script that is run inside the namespace of `host` after the addressing.
 *
 * tx off: a frame between two namespaces would otherwise carry no checksum, which XDP would see and send back.
 * VLAN offloads off: a tag stays in the frame, where XDP can see it.
 * gro on: gives the device the receive queue that XDP_TX and XDP_REDIRECT on its peer need; without it the kernel
 * drops those frames unless an XDP program is attached here too. For XDP_TX, see also `receiveXdpFrames`.
 */
export function tuning({ links }: Topology, host: HostPlan): string[] {
  const devices = links.flat().filter((end) => end.host === host.name);
  return [
    ...devices.map(({ device }) => `ethtool -K ${device} tx off rxvlan off txvlan off gro on`),
    ...(host.forwards
      ? ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'].map((key) => `echo 1 >/proc/sys/net/${key}`)
      : []),
  ];
}

const v6 = (address: string): boolean => address.includes(':');
