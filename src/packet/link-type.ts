import { SluiceError } from '../diagnostics/problem.ts';
import { concat } from './bytes.ts';
import { type CaptureRecord, viewOf } from './capture-record.ts';
import { ETHERNET_HEADER_LENGTH, Ethertype } from './headers.ts';

/** LINKTYPE_* numbers that are read; 12 and 14 are what DLT_RAW is on some systems. */
const LinkType = {
  NULL: 0,
  ETHERNET: 1,
  RAW_BSD: 12,
  RAW_OPENBSD: 14,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const;

/** A frame as the parser takes it: bytes at hand, and how many there were on the wire. */
export interface EthernetFrame {
  readonly bytes: Uint8Array;
  readonly frameLength: number;
}

/**
 * The packet as an Ethernet frame. Where the link was another, its header gives way to an Ethernet header with zero
 * addresses and the right ethertype; a packet too short for its link header becomes an empty frame. Throws a
 * SluiceError `capture/link-type` for links that carry no Ethernet or IP in a way known here.
 */
export function toEthernet({ linkType, bytes, wireLength, index }: CaptureRecord): EthernetFrame {
  if (linkType === LinkType.ETHERNET) return { bytes, frameLength: wireLength };
  const header = linkHeaders.get(linkType);
  if (header === undefined) {
    const name = foreignNames.get(linkType);
    const message = `record ${index} has the link type ${linkType}${name ? ` (${name})` : ''}`;
    throw new SluiceError({ code: 'capture/link-type', message });
  }
  if (bytes.length < header.length) return { bytes: new Uint8Array(), frameLength: 0 };
  const ethernet = new Uint8Array(ETHERNET_HEADER_LENGTH);
  viewOf(ethernet).setUint16(ETHERNET_HEADER_LENGTH - 2, header.ethertype(viewOf(bytes)));
  return {
    bytes: concat(ethernet, bytes.subarray(header.length)),
    frameLength: ETHERNET_HEADER_LENGTH + wireLength - header.length,
  };
}

interface LinkHeader {
  readonly length: number;
  /** `packet` has at least `length` bytes. */
  ethertype(packet: DataView): number;
}

const raw: LinkHeader = { length: 0, ethertype: byVersion };

const linkHeaders: ReadonlyMap<number, LinkHeader> = new Map([
  [LinkType.NULL, { length: 4, ethertype: (packet) => byAddressFamily(hostOrder(packet)) }],
  [LinkType.LOOP, { length: 4, ethertype: (packet) => byAddressFamily(packet.getUint32(0)) }],
  [LinkType.RAW, raw],
  [LinkType.RAW_BSD, raw],
  [LinkType.RAW_OPENBSD, raw],
  [LinkType.IPV4, { length: 0, ethertype: () => Ethertype.IPV4 }],
  [LinkType.IPV6, { length: 0, ethertype: () => Ethertype.IPV6 }],
  [LinkType.LINUX_SLL, { length: 16, ethertype: (packet) => packet.getUint16(14) }],
  [LinkType.LINUX_SLL2, { length: 20, ethertype: (packet) => packet.getUint16(0) }],
] satisfies [number, LinkHeader][]);

/** What is neither version is left to the IPv4 parser, which says what is wrong with it. */
function byVersion(packet: DataView): number {
  return packet.byteLength > 0 && packet.getUint8(0) >> 4 === 6 ? Ethertype.IPV6 : Ethertype.IPV4;
}

/** The capturing host's byte order is not told, but address families are small numbers. */
function hostOrder(packet: DataView): number {
  const family = packet.getUint32(0, true);
  return family > 0xffff ? packet.getUint32(0) : family;
}

/** AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS. */
function byAddressFamily(family: number): number {
  if (family === 2) return Ethertype.IPV4;
  return [10, 24, 28, 30].includes(family) ? Ethertype.IPV6 : 0;
}

/** Links that captures are often of, to name them in the error. */
const foreignNames: ReadonlyMap<number, string> = new Map([
  [6, 'IEEE802_5'],
  [8, 'SLIP'],
  [9, 'PPP'],
  [10, 'FDDI'],
  [50, 'PPP_HDLC'],
  [51, 'PPP_ETHER'],
  [104, 'C_HDLC'],
  [105, 'IEEE802_11'],
  [107, 'FRELAY'],
  [117, 'PFLOG'],
  [119, 'IEEE802_11_PRISM'],
  [127, 'IEEE802_11_RADIO'],
  [187, 'BLUETOOTH_HCI_H4'],
  [189, 'USB_LINUX'],
  [192, 'PPI'],
  [195, 'IEEE802_15_4_WITHFCS'],
  [197, 'ERF'],
  [201, 'BLUETOOTH_HCI_H4_WITH_PHDR'],
  [220, 'USB_LINUX_MMAPPED'],
  [227, 'CAN_SOCKETCAN'],
  [239, 'NFLOG'],
  [249, 'USBPCAP'],
  [251, 'BLUETOOTH_LE_LL'],
  [253, 'NETLINK'],
]);
