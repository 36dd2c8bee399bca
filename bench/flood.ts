import { createAssembler, kernelFunctions, link, R0, R1, R2, R3, R6, R7 } from '../src/asm/index.ts';
import {
  inNamespace,
  listInterfaces,
  loadProgram,
  type Program,
  sendLiveFrames,
  xdpContext,
} from '../src/kernel/index.ts';
import type { LabHost } from '../src/lab/index.ts';

/** Where the flood comes from: 65,536 addresses of the block for benchmarks (RFC 2544). */
export const floodSources = '198.18.0.0/16';

const FRAME_LENGTH = 60; // the shortest that Ethernet knows, without its checksum
const IP = 14;
const UDP = 34;
const XDP_TX = 3;

/**
 * A UDP frame of `floodSources` to the host of a lab's pair. The IPv4 checksum is right, or iptables would never see
 * it: ip_rcv() comes first. The UDP checksum is 0, none.
 */
export function floodFrame(): Uint8Array {
  const frame = new Uint8Array(FRAME_LENGTH);
  frame.set([0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 0, 0x08, 0x00]);
  frame.set([0x45, 0, 0, FRAME_LENGTH - IP, 0xff, 0xff, 0, 0, 64, 17, 0, 0, 198, 18, 0, 0, 192, 0, 2, 10], IP);
  frame.set([0, 0, 0, 9, 0, FRAME_LENGTH - UDP, 0, 0], UDP);
  new DataView(frame.buffer).setUint16(IP + 10, internetChecksum(frame.subarray(IP, UDP)));
  return frame;
}

/**
 * The generator: gives each frame a random source address and port, and sends it out of the interface that it seems
 * to come from. The IP identification is set to the complement of the address's low half, so that the checksum holds.
 */
export function loadGenerator(): Program {
  const a = createAssembler('flood');
  a.mov(R6, R1);
  a.call(kernelFunctions.get_prandom_u32);
  a.load('u32', R7, R6, 0);
  a.load('u32', R2, R6, 4);
  a.mov(R3, R7);
  a.add(R3, UDP + 8);
  a.jumpIf(R3, 'gt', R2, 'send');
  a.store('u16', R7, UDP, R0);
  a.rsh32(R0, 16);
  a.store('u16', R7, IP + 14, R0);
  a.xor32(R0, 0xffff);
  a.store('u16', R7, IP + 4, R0);
  a.label('send');
  a.mov(R0, XDP_TX);
  a.exit();
  return loadProgram({ type: 'xdp', name: 'flood', code: link(a.finish(), []).code });
}

/** Sends `count` frames out of the eth0 of `from`. Blocks. Returns the seconds that it took. */
export function sendFlood(generator: Program, from: LabHost, count: number): number {
  return inNamespace(from, () => {
    const ingressIfindex = listInterfaces().find(({ name }) => name === 'eth0')?.index ?? 0;
    const context = xdpContext({ ingressIfindex, frameLength: FRAME_LENGTH });
    const started = process.hrtime.bigint();
    sendLiveFrames(generator, { data: floodFrame(), context, count });
    return Number(process.hrtime.bigint() - started) / 1e9;
  });
}

/** RFC 1071. The checksum's own bytes must be 0. */
function internetChecksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += view.getUint16(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}
