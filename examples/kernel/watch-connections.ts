/**
 * Prints every TCP connection that this machine opens through an interface, as it is opened: a program at the
 * interface's way out writes a record for each SYN to a ring buffer, which is read here.
 *   node --import tsx examples/kernel/watch-connections.ts eth0
 * Ends with Ctrl-C, and leaves nothing behind. Linux 6.6 and newer; older kernels have `attachClsact`.
 */
import { isIPv4, SocketAddress } from 'node:net';
import {
  type Assembler,
  createAssembler,
  kernelFunctions,
  link,
  patchMaps,
  R0,
  R1,
  R2,
  R3,
  R6,
  R7,
  R8,
} from 'sluice/asm';
import { attachTcx, type Codec, createRingBuffer, loadProgram, readRingBuffer, recordsOf } from 'sluice/kernel';

interface Connection {
  readonly from: string;
  readonly to: string;
}

/** What the program writes: two addresses of 16 bytes, IPv4 mapped into IPv6, and two ports, as on the wire. */
const record = { source: 0, destination: 16, ports: 32, size: 40 } as const;

const connection: Codec<Connection> = {
  size: record.size,
  read: (view, offset) => ({
    from: endpoint(view, offset + record.source, view.getUint16(offset + record.ports)),
    to: endpoint(view, offset + record.destination, view.getUint16(offset + record.ports + 2)),
  }),
  write: () => {
    throw new Error('only the program writes connections');
  },
};

function endpoint(view: DataView, offset: number, port: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(offset + 2 * index).toString(16));
  const { address } = new SocketAddress({ family: 'ipv6', address: groups.join(':') });
  const mapped = address.replace(/^::ffff:(?=.*\.)/, '');
  return isIPv4(mapped) ? `${mapped}:${port}` : `[${address}]:${port}`;
}

/** Where `struct __sk_buff` has the packet's start and end. */
const [DATA, DATA_END] = [76, 80];
const ETHERNET = 14;
const TCP = 6;
const [SYN, ACK] = [0x02, 0x10];
/** TCX_NEXT: what else is attached decides. */
const NEXT = -1;

/** A program that reports every SYN of IPv4 without options and of IPv6 without extension headers. */
function assemble() {
  const asm = createAssembler('connections');
  asm.load('u32', R6, R1, DATA);
  asm.load('u32', R7, R1, DATA_END);
  asm.mov(R2, R6);
  asm.add(R2, ETHERNET + 20 + 20);
  asm.jumpIf(R2, 'gt', R7, 'next');
  asm.load('u16', R2, R6, 12);
  asm.toBigEndian(R2, 16);
  asm.jumpIf(R2, 'eq', 0x86dd, 'ipv6');
  asm.jumpIf(R2, 'ne', 0x0800, 'next');

  asm.load('u8', R2, R6, ETHERNET);
  asm.comment('version 4, a header of 20 bytes');
  asm.jumpIf(R2, 'ne', 0x45, 'next');
  report(asm, { protocol: 9, addresses: 12, addressLength: 4, headerLength: 20 });

  asm.label('ipv6');
  asm.mov(R2, R6);
  asm.add(R2, ETHERNET + 40 + 20);
  asm.jumpIf(R2, 'gt', R7, 'next');
  report(asm, { protocol: 6, addresses: 8, addressLength: 16, headerLength: 40 });

  asm.label('next');
  asm.mov(R0, NEXT);
  asm.exit();
  return link(asm.finish(), []);
}

/** Where a header has what is reported, in bytes from its start. */
interface Header {
  readonly protocol: number;
  /** The source; the destination is behind it. */
  readonly addresses: number;
  readonly addressLength: 4 | 16;
  readonly headerLength: number;
}

function report(asm: Assembler, { protocol, addresses, addressLength, headerLength }: Header): void {
  const transport = ETHERNET + headerLength;
  asm.load('u8', R2, R6, ETHERNET + protocol);
  asm.jumpIf(R2, 'ne', TCP, 'next');
  asm.load('u8', R2, R6, transport + 13);
  asm.and(R2, SYN | ACK);
  asm.jumpIf(R2, 'ne', SYN, 'next');

  asm.loadMap(R1, 'opened');
  asm.mov(R2, record.size);
  asm.mov(R3, 0);
  asm.call(kernelFunctions.ringbuf_reserve);
  asm.jumpIf(R0, 'eq', 0, 'next');
  asm.mov(R8, R0);
  for (const [field, address] of [record.source, record.destination].entries()) {
    const start = ETHERNET + addresses + field * addressLength;
    const mapped = 16 - addressLength;
    if (mapped > 0) {
      asm.store('u64', R8, address, 0);
      asm.comment('::ffff:0:0/96');
      asm.store('u32', R8, address + 8, 0xffff0000);
    }
    for (let byte = 0; byte < addressLength; byte += 4) {
      asm.load('u32', R2, R6, start + byte);
      asm.store('u32', R8, address + mapped + byte, R2);
    }
  }
  asm.load('u32', R2, R6, transport);
  asm.store('u32', R8, record.ports, R2);
  asm.store('u32', R8, record.ports + 4, 0);
  asm.mov(R1, R8);
  asm.mov(R2, 0);
  asm.call(kernelFunctions.ringbuf_submit);
  asm.jump('next');
}

const [name = 'eth0'] = process.argv.slice(2);
using opened = createRingBuffer({ name: 'opened', bytes: 64 * 1024 });
const code = patchMaps(assemble(), (map) => (map === 'opened' ? opened.fd : undefined));
using program = loadProgram({ type: 'sched_cls', name: 'connections', code });
using _attached = attachTcx({ interface: name, direction: 'egress', program });
using reader = readRingBuffer(opened);

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
console.log(`watching ${name}`);
for await (const { from, to } of recordsOf(reader, connection, interrupted.signal)) console.log(`${from} > ${to}`);
