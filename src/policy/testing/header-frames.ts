import type { Header } from './classbench.ts';

export type Family = 'v4' | 'v6';

const ETHERNET = 14;
const networkLength = { v4: 20, v6: 40 } as const;
/** Bytes of a transport header that differ from frame to frame: ports, and UDP's length. */
const TRANSPORT_HEAD = 8;

/** Where a frame's changing bytes begin, and how many they are: a multiple of 4. */
export const changing = {
  v4: { offset: ETHERNET, length: networkLength.v4 + TRANSPORT_HEAD },
  v6: { offset: ETHERNET, length: networkLength.v6 + TRANSPORT_HEAD },
} as const;

/** The frame that all have in common, whose rest reads as a TCP header's. */
export function commonFrame(family: Family): Uint8Array {
  const transport = ETHERNET + networkLength[family];
  const frame = new Uint8Array(Math.max(60, transport + 20));
  frame.set([0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 0, ...(family === 'v4' ? [0x08, 0x00] : [0x86, 0xdd])]);
  frame.set([0x50, 0x02, 0xff, 0xff], transport + 12);
  return frame;
}

/** The bytes of `changing` for a header. The IPv4 checksum is right, or netfilter would not see the packet. */
export function headerBytes({ src, dst, srcPort, dstPort, protocol }: Header, family: Family): Uint8Array {
  const { length } = changing[family];
  const frameLength = commonFrame(family).length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  const network = networkLength[family];
  if (family === 'v4') {
    bytes.set([0x45, 0, 0, frameLength - ETHERNET, 0, 0, 0x40, 0, 64, protocol]);
    view.setUint32(12, Number(src));
    view.setUint32(16, Number(dst));
    view.setUint16(10, checksum(view));
  } else {
    bytes.set([0x60, 0, 0, 0, 0, frameLength - ETHERNET - network, protocol, 64]);
    for (const [at, address] of [
      [8, src],
      [24, dst],
    ] as const) {
      view.setBigUint64(at, address >> 64n);
      view.setBigUint64(at + 8, BigInt.asUintN(64, address));
    }
  }
  view.setUint16(network, srcPort);
  view.setUint16(network + 2, dstPort);
  view.setUint16(network + 4, frameLength - ETHERNET - network);
  return bytes;
}

/** The whole frame of a header. */
export function frameOf(header: Header, family: Family): Uint8Array {
  const frame = commonFrame(family);
  frame.set(headerBytes(header, family), changing[family].offset);
  return frame;
}

/** RFC 1071, of the IPv4 header, whose checksum is still 0. */
function checksum(view: DataView): number {
  let sum = 0;
  for (let offset = 0; offset < networkLength.v4; offset += 2) sum += view.getUint16(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}
