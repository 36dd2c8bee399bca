import { struct, textOf } from '../system/struct.ts';
import * as nl from '../system/uapi-rtnetlink.ts';
import { decodeAttributes } from './attributes.ts';

/** What rtnetlink says of a network interface in one message. */
export interface NetworkLink {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** `02:00:00:00:00:01`; empty where it has none. */
  readonly mac: string;
  /** Set up by the administrator. */
  readonly up: boolean;
  /** Has a carrier. */
  readonly running: boolean;
  readonly loopback: boolean;
  /** Its frames begin with an Ethernet header: not so with tun, WireGuard, PPP and tunnels of IP in IP. */
  readonly ethernet: boolean;
  /** What is made by software says what it is: `veth`, `bridge`, `vlan`. */
  readonly kind: string | undefined;
  /** The XDP program that is attached, if one is. */
  readonly xdp: AttachedXdp | undefined;
}

export interface AttachedXdp {
  readonly mode: 'native' | 'generic' | 'offload' | 'multiple';
  readonly programId: number;
}

/** `struct ifinfomsg` of rtnetlink. */
export const linkMessage = struct({
  ifi_family: 'u8',
  pad: 'u8',
  ifi_type: 'u16',
  ifi_index: 's32',
  ifi_flags: 'u32',
  ifi_change: 'u32',
});

/** @param before what was known of it: not every message says everything */
export function readLink(message: Buffer, before?: NetworkLink): NetworkLink {
  const { ifi_index, ifi_flags, ifi_type } = linkMessage.decode(message);
  const attributes = decodeAttributes(message.subarray(linkMessage.size));
  const name = attributes.get(nl.IFLA_IFNAME);
  const mac = attributes.get(nl.IFLA_ADDRESS);
  const kind = decodeAttributes(attributes.get(nl.IFLA_LINKINFO) ?? Buffer.alloc(0)).get(nl.IFLA_INFO_KIND);
  const xdp = attributes.get(nl.IFLA_XDP);
  return {
    index: ifi_index,
    name: name ? textOf(name) : (before?.name ?? ''),
    mtu: attributes.get(nl.IFLA_MTU)?.readUInt32LE() ?? before?.mtu ?? 0,
    mac: mac ? mac.toString('hex').replaceAll(/(..)(?=.)/g, '$1:') : (before?.mac ?? ''),
    up: (ifi_flags & nl.IFF_UP) !== 0,
    running: (ifi_flags & nl.IFF_LOWER_UP) !== 0,
    loopback: (ifi_flags & nl.IFF_LOOPBACK) !== 0,
    ethernet: ifi_type === nl.ARPHRD_ETHER || ifi_type === nl.ARPHRD_LOOPBACK,
    kind: kind ? textOf(kind) : before?.kind,
    xdp: xdp ? readXdp(xdp) : before?.xdp,
  };
}

/** XDP_ATTACHED_* of if_link.h. */
const xdpModes: readonly (AttachedXdp['mode'] | undefined)[] = [undefined, 'native', 'generic', 'offload', 'multiple'];

function readXdp(attribute: Buffer): AttachedXdp | undefined {
  const nested = decodeAttributes(attribute);
  const mode = xdpModes[nested.get(nl.IFLA_XDP_ATTACHED)?.readUInt8() ?? 0];
  // With programs in several modes there is none that is "the" program: the native one is named.
  const id = nested.get(nl.IFLA_XDP_PROG_ID) ?? nested.get(nl.IFLA_XDP_DRV_PROG_ID);
  return mode === undefined ? undefined : { mode, programId: id?.readUInt32LE() ?? 0 };
}
