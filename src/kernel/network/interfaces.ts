import { isIPv4 } from 'node:net';
import { SluiceError } from '../../diagnostics/problem.ts';
import { errno } from '../system/errno.ts';
import { struct } from '../system/struct.ts';
import { SystemCallError } from '../system/system-call.ts';
import * as nl from '../system/uapi-rtnetlink.ts';
import { type Attribute, decodeAttributes } from './attributes.ts';
import { driverOf } from './driver.ts';
import { linkMessage, type NetworkLink, readLink } from './link-message.ts';
import { netlink } from './netlink.ts';

/** A network interface of the current network namespace. */
export interface NetworkInterface extends Omit<NetworkLink, 'kind'> {
  /** `veth`, `ixgbe`, …; undefined where the interface does not tell. */
  readonly driver: string | undefined;
  /** Of both families, without the prefix length. */
  readonly addresses: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly address: string;
  readonly prefixLength: number;
}

/** `struct ifaddrmsg` of rtnetlink. */
const addressMessage = struct({
  ifa_family: 'u8',
  ifa_prefixlen: 'u8',
  ifa_flags: 'u8',
  ifa_scope: 'u8',
  ifa_index: 'u32',
});

/** All interfaces of the current network namespace, by index. Asks the kernel, not /sys: right after a setns(2) too. */
export function listInterfaces(): NetworkInterface[] {
  const addresses = listAddresses();
  return netlink({ ...links, flags: nl.NLM_F_DUMP, object: 'interfaces', body: linkMessage.encode({}).bytes })
    .map((reply) => describe(readLink(reply), addresses))
    .sort((a, b) => a.index - b.index);
}

/**
 * The interface of this name.
 * @throws SluiceError kernel/interface-missing, with the names that there are
 */
export function findInterface(name: string): NetworkInterface {
  // A longer name the kernel would find a mistake of its caller.
  const isPossible = name !== '' && Buffer.byteLength(name) <= LONGEST_NAME;
  const found = isPossible ? askFor(`interface "${name}"`, 0, [[nl.IFLA_IFNAME, name]]) : undefined;
  if (found?.name === name) return found;
  const all = listInterfaces();
  throw new SluiceError({
    code: 'kernel/interface-missing',
    message: `interface "${name}": there is none of this name; there are ${all.map((one) => one.name).join(', ')}`,
  });
}

/** The interface with this index, or undefined where it is gone. */
export function interfaceByIndex(index: number): NetworkInterface | undefined {
  return index > 0 ? askFor(`interface ${index}`, index) : undefined;
}

const links = { name: 'RTM_GETLINK', type: nl.RTM_GETLINK } as const;
const LONGEST_NAME = 15;

/** Of one interface alone: a host may have thousands. Undefined where there is none. */
function askFor(object: string, index: number, attributes: readonly Attribute[] = []): NetworkInterface | undefined {
  try {
    const { bytes } = linkMessage.encode({ ifi_index: index });
    const [reply] = netlink({ ...links, flags: 0, object, body: bytes, attributes });
    return reply && describe(readLink(reply), listAddresses());
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === errno.ENODEV) return undefined;
    throw error;
  }
}

function listAddresses(): IndexedAddress[] {
  const body = addressMessage.encode({}).bytes;
  const request = { name: 'RTM_GETADDR', type: nl.RTM_GETADDR, flags: nl.NLM_F_DUMP, object: 'interfaces', body };
  return netlink(request).map(readAddress);
}

type IndexedAddress = InterfaceAddress & { readonly index: number };

function describe({ kind, ...link }: NetworkLink, addresses: readonly IndexedAddress[]): NetworkInterface {
  return {
    ...link,
    driver: driverOf(link.name) ?? kind,
    addresses: addresses.filter((one) => one.index === link.index).map(({ index: _, ...address }) => address),
  };
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
