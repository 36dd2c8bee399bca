import { createAssembler, kernelFunctions, link, R0, R1, R2, R3, R6, R7 } from '../asm/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { findInterface, inNamespace, loadProgram, type Program, sendLiveFrames, xdpContext } from '../kernel/index.ts';
import type { LabHost } from './host.ts';

/** Where floods come from: 65,536 addresses of the block for benchmarks (RFC 2544). */
export const floodSources = '198.18.0.0/16';

export interface FloodPlan {
  /** What is needed of a host is plain data: a plan can be handed to another process. */
  readonly from: Pick<LabHost, 'name' | 'path' | 'devices'>;
  /** Of `from`. Default: eth0. */
  readonly device?: string;
  /** The IPv4 address that is flooded. */
  readonly to: string;
}

/** Millions of UDP frames a second (port 9, `discard`), each with a source address of `floodSources` and a port by chance. */
export interface Flood {
  /**
   * Sends `count` frames; blocks meanwhile. Returns the seconds that it took.
   * @throws SystemCallError with EINTR, and some of them sent, where a signal came: that a child process has ended
   */
  send(count: number): number;
  close(): void;
  [Symbol.dispose](): void;
}

const FRAME_LENGTH = 60; // the shortest that Ethernet knows, without its checksum
const IP = 14;
const UDP = 34;
const XDP_TX = 3;

/**
 * Prepares a flood. Frames are made by the kernel, which runs a small XDP program on copies of one frame and sends them
 * out of the device: nothing else is fast enough to press a program of XDP on the other end of the cable.
 * @throws SluiceError lab/not-in-topology where `from` has no such device
 */
export function createFlood({ from, device: name = 'eth0', to }: FloodPlan): Flood {
  const device = from.devices.find(({ device }) => device === name);
  if (device === undefined) {
    throw new SluiceError({ code: 'lab/not-in-topology', message: `${from.name} has no device "${name}"` });
  }
  const ingressIfindex = inNamespace(from, () => findInterface(name).index);
  const context = xdpContext({ ingressIfindex, frameLength: FRAME_LENGTH });
  const data = frame(device.hardwareAddress, device.peer.hardwareAddress, to);
  const generator = loadGenerator();
  return {
    send(count) {
      return inNamespace(from, () => {
        const started = process.hrtime.bigint();
        sendLiveFrames(generator, { data, context, count });
        return Number(process.hrtime.bigint() - started) / 1e9;
      });
    },
    close: generator.close,
    [Symbol.dispose]: generator.close,
  };
}

/**
 * The frame that all are copies of. Its IPv4 checksum is right, or netfilter would never see it: ip_rcv() comes first.
 * The UDP checksum is 0, none.
 */
function frame(source: string, destination: string, to: string): Uint8Array {
  const bytes = new Uint8Array(FRAME_LENGTH);
  bytes.set([...octets(destination, ':', 16), ...octets(source, ':', 16), 0x08, 0x00]);
  bytes.set([0x45, 0, 0, FRAME_LENGTH - IP, 0xff, 0xff, 0, 0, 64, 17, 0, 0, 198, 18, 0, 0, ...octets(to, '.', 10)], IP);
  bytes.set([0, 0, 0, 9, 0, FRAME_LENGTH - UDP, 0, 0], UDP);
  new DataView(bytes.buffer).setUint16(IP + 10, internetChecksum(bytes.subarray(IP, UDP)));
  return bytes;
}

const octets = (address: string, separator: string, radix: number): number[] =>
  address.split(separator).map((octet) => Number.parseInt(octet, radix));

/**
 * Gives each frame a random source address and port, and sends it out of the interface that it seems to come from.
 * The IP identification is set to the complement of the address's low half, so that the checksum holds.
 */
function loadGenerator(): Program {
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

/** RFC 1071. The checksum's own bytes must be 0. */
function internetChecksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += view.getUint16(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}
