import type { Header } from './classbench.ts';

export type Family = 'v4' | 'v6';

const ETHERNET = 14;
const networkLength = { v4: 20, v6: 40 } as const;
/**
 * What differs from frame to frame, and where: offsets into the frame, bytes. In a record they stand one behind the other.
 * The length of UDP is the same in all, and may stand in the others for anything.
 */
export const changing = {
  v4: [
    { offset: ETHERNET + 12, length: 8 },
    { offset: ETHERNET + networkLength.v4, length: 4 },
    { offset: ETHERNET + 9, length: 1 },
    // For netfilter, which looks at no packet with a wrong checksum.
    { offset: ETHERNET + 10, length: 2 },
  ],
  v6: [
    { offset: ETHERNET + 8, length: 32 },
    { offset: ETHERNET + networkLength.v6, length: 4 },
    { offset: ETHERNET + 6, length: 1 },
  ],
} as const;

/** The frame that all have in common, whose rest reads as a TCP header's. */
export function commonFrame(family: Family): Uint8Array {
  const transport = ETHERNET + networkLength[family];
  const frame = new Uint8Array(Math.max(60, transport + 20));
  frame.set([0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 0, ...(family === 'v4' ? [0x08, 0x00] : [0x86, 0xdd])]);
  const length = frame.length - ETHERNET;
  if (family === 'v4') frame.set([0x45, 0, 0, length, 0, 0, 0x40, 0, 64], ETHERNET);
  else frame.set([0x60, 0, 0, 0, 0, length - networkLength.v6, 0, 64], ETHERNET);
  frame[transport + 5] = frame.length - transport;
  frame.set([0x50, 0x02, 0xff, 0xff], transport + 12);
  return frame;
}

/** The whole frame of a header. */
export function frameOf({ src, dst, srcPort, dstPort, protocol }: Header, family: Family): Uint8Array {
  const frame = commonFrame(family);
  const view = new DataView(frame.buffer);
  const transport = ETHERNET + networkLength[family];
  if (family === 'v4') {
    frame[ETHERNET + 9] = protocol;
    view.setUint32(ETHERNET + 12, Number(src));
    view.setUint32(ETHERNET + 16, Number(dst));
    view.setUint16(ETHERNET + 10, checksum(view));
  } else {
    frame[ETHERNET + 6] = protocol;
    for (const [at, address] of [
      [8, src],
      [24, dst],
    ] as const) {
      view.setBigUint64(ETHERNET + at, address >> 64n);
      view.setBigUint64(ETHERNET + at + 8, BigInt.asUintN(64, address));
    }
  }
  view.setUint16(transport, srcPort);
  view.setUint16(transport + 2, dstPort);
  return frame;
}

/** The bytes of `changing` of a header, one behind the other. */
export function headerBytes(header: Header, family: Family): Uint8Array {
  const frame = frameOf(header, family);
  return Uint8Array.from(
    changing[family].flatMap(({ offset, length }) => [...frame.subarray(offset, offset + length)]),
  );
}

/** RFC 1071, of the IPv4 header, whose checksum is still 0. */
function checksum(view: DataView): number {
  let sum = 0;
  for (let offset = 0; offset < networkLength.v4; offset += 2) sum += view.getUint16(ETHERNET + offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}
