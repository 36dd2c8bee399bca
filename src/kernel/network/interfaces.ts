import { isIPv4 } from 'node:net';
import { SluiceError } from '../../diagnostics/problem.ts';
import { struct, textOf } from '../system/struct.ts';
import * as nl from '../system/uapi-rtnetlink.ts';
import { decodeAttributes } from './attributes.ts';
import { driverOf } from './driver.ts';
import { netlink } from './netlink.ts';

/** A network interface of the current network namespace. */
export interface NetworkInterface {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** `02:00:00:00:00:01`; empty where it has none. */
  readonly mac: string;
  /** `veth`, `ixgbe`, …; undefined where the interface does not tell. */
  readonly driver: string | undefined;
  /** Of both families, without the prefix length. */
  readonly addresses: readonly InterfaceAddress[];
  /** Set up by the administrator. */
  readonly up: boolean;
  /** Has a carrier. */
  readonly running: boolean;
  readonly loopback: boolean;
  /** Its frames begin with an Ethernet header: not so with tun, WireGuard, PPP and tunnels of IP in IP. */
  readonly ethernet: boolean;
  /** The XDP program that is attached, if one is. */
  readonly xdp: AttachedXdp | undefined;
}

export interface InterfaceAddress {
  readonly address: string;
  readonly prefixLength: number;
}

export interface AttachedXdp {
  readonly mode: 'native' | 'generic' | 'offload' | 'multiple';
  readonly programId: number;
}

/** `struct ifinfomsg` and `struct ifaddrmsg` of rtnetlink. */
const linkMessage = struct({
  ifi_family: 'u8',
  pad: 'u8',
  ifi_type: 'u16',
  ifi_index: 's32',
  ifi_flags: 'u32',
  ifi_change: 'u32',
});
const addressMessage = struct({
  ifa_family: 'u8',
  ifa_prefixlen: 'u8',
  ifa_flags: 'u8',
  ifa_scope: 'u8',
  ifa_index: 'u32',
});

/** All interfaces of the current network namespace, by index. Asks the kernel, not /sys: right after a setns(2) too. */
export function listInterfaces(): NetworkInterface[] {
  const dump = { flags: nl.NLM_F_DUMP, object: 'interfaces' };
  const addresses = netlink({
    ...dump,
    name: 'RTM_GETADDR',
    type: nl.RTM_GETADDR,
    body: addressMessage.encode({}).bytes,
  }).map(readAddress);
  return netlink({ ...dump, name: 'RTM_GETLINK', type: nl.RTM_GETLINK, body: linkMessage.encode({}).bytes })
    .map((reply) => readLink(reply, addresses))
    .sort((a, b) => a.index - b.index);
}

/**
 * The interface of this name.
 * @throws SluiceError kernel/interface-missing, with the names that there are
 */
export function findInterface(name: string): NetworkInterface {
  const all = listInterfaces();
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new SluiceError({
    code: 'kernel/interface-missing',
    message: `interface "${name}": there is none of this name; there are ${all.map((one) => one.name).join(', ')}`,
  });
}

/** The interface with this index, or undefined where it is gone. */
export function interfaceByIndex(index: number): NetworkInterface | undefined {
  return listInterfaces().find((one) => one.index === index);
}

type IndexedAddress = InterfaceAddress & { readonly index: number };

function readLink(reply: Buffer, addresses: readonly IndexedAddress[]): NetworkInterface {
  const { ifi_index, ifi_flags, ifi_type } = linkMessage.decode(reply);
  const attributes = decodeAttributes(reply.subarray(linkMessage.size));
  const name = textOf(attributes.get(nl.IFLA_IFNAME) ?? Buffer.alloc(0));
  const kind = decodeAttributes(attributes.get(nl.IFLA_LINKINFO) ?? Buffer.alloc(0)).get(nl.IFLA_INFO_KIND);
  return {
    index: ifi_index,
    name,
    mtu: attributes.get(nl.IFLA_MTU)?.readUInt32LE() ?? 0,
    mac:
      attributes
        .get(nl.IFLA_ADDRESS)
        ?.toString('hex')
        .replaceAll(/(..)(?=.)/g, '$1:') ?? '',
    driver: driverOf(name) ?? (kind === undefined ? undefined : textOf(kind)),
    addresses: addresses.filter((one) => one.index === ifi_index).map(({ index: _, ...address }) => address),
    up: (ifi_flags & nl.IFF_UP) !== 0,
    running: (ifi_flags & nl.IFF_LOWER_UP) !== 0,
    loopback: (ifi_flags & nl.IFF_LOOPBACK) !== 0,
    ethernet: ifi_type === nl.ARPHRD_ETHER || ifi_type === nl.ARPHRD_LOOPBACK,
    xdp: readXdp(attributes.get(nl.IFLA_XDP)),
  };
}

/** XDP_ATTACHED_* of if_link.h. */
const xdpModes: readonly (AttachedXdp['mode'] | undefined)[] = [undefined, 'native', 'generic', 'offload', 'multiple'];

function readXdp(attribute: Buffer | undefined): AttachedXdp | undefined {
  if (attribute === undefined) return undefined;
  const nested = decodeAttributes(attribute);
  const mode = xdpModes[nested.get(nl.IFLA_XDP_ATTACHED)?.readUInt8() ?? 0];
  // With programs in several modes there is none that is "the" program: the native one is named.
  const id = nested.get(nl.IFLA_XDP_PROG_ID) ?? nested.get(nl.IFLA_XDP_DRV_PROG_ID);
  return mode === undefined ? undefined : { mode, programId: id?.readUInt32LE() ?? 0 };
}

function readAddress(reply: Buffer): IndexedAddress {
  const { ifa_index, ifa_prefixlen } = addressMessage.decode(reply);
  const attributes = decodeAttributes(reply.subarray(addressMessage.size));
  // Of a point-to-point interface IFA_ADDRESS is the other end.
  const bytes = attributes.get(nl.IFA_LOCAL) ?? attributes.get(nl.IFA_ADDRESS) ?? Buffer.alloc(0);
  return { index: ifa_index, address: formatAddress(bytes), prefixLength: ifa_prefixlen };
}

function formatAddress(bytes: Buffer): string {
  const dotted = bytes.join('.');
  if (isIPv4(dotted)) return dotted;
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
  // The URL parser writes IPv6 addresses in the canonical form of RFC 5952.
  return new URL(`http://[${groups}]`).hostname.slice(1, -1);
}
