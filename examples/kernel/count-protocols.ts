/**
 * Counts the packets that arrive at an interface by IP protocol, with an XDP program written here:
 *   node --import tsx examples/kernel/count-protocols.ts eth0
 * Prints the counts every second until Ctrl-C, and leaves nothing behind.
 */
import { once } from 'node:events';
import { createAssembler, kernelFunctions, link, patchMaps, R0, R1, R2, R3, R4, R5, R10 } from 'sluice/asm';
import { attachXdp, createPerCpuMap, loadProgram, u32, u64 } from 'sluice/kernel';

const XDP_PASS = 2;
/** Where `struct xdp_md` has the packet's start and end. */
const [DATA, DATA_END] = [0, 4];
const ETHERNET = 14;
const names: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp' };

/** A program that adds one to `protocols[protocol]` for each IPv4 and IPv6 packet, and passes all. */
function assemble() {
  const asm = createAssembler('count_protocols');
  asm.load('u32', R2, R1, DATA);
  asm.load('u32', R3, R1, DATA_END);
  asm.mov(R4, R2);
  asm.add(R4, ETHERNET + 20);
  asm.jumpIf(R4, 'gt', R3, 'pass');

  asm.load('u16', R5, R2, 12);
  asm.toBigEndian(R5, 16);
  asm.jumpIf(R5, 'eq', 0x0800, 'ipv4');
  asm.jumpIf(R5, 'ne', 0x86dd, 'pass');
  asm.comment('next header of IPv6');
  asm.load('u8', R5, R2, ETHERNET + 6);
  asm.jump('count');
  asm.label('ipv4');
  asm.comment('protocol of IPv4');
  asm.load('u8', R5, R2, ETHERNET + 9);

  asm.label('count');
  asm.store('u32', R10, -4, R5);
  asm.loadMap(R1, 'protocols');
  asm.mov(R2, R10);
  asm.add(R2, -4);
  asm.call(kernelFunctions.map_lookup_elem);
  asm.jumpIf(R0, 'eq', 0, 'pass');
  asm.comment('no other CPU writes this counter');
  asm.load('u64', R1, R0, 0);
  asm.add(R1, 1);
  asm.store('u64', R0, 0, R1);

  asm.label('pass');
  asm.mov(R0, XDP_PASS);
  asm.exit();
  return link(asm.finish(), []);
}

const [name = 'eth0'] = process.argv.slice(2);
using protocols = createPerCpuMap({
  type: 'percpu_array',
  name: 'protocols',
  key: u32,
  value: u64,
  maxEntries: 256,
});
const code = patchMaps(assemble(), (map) => (map === 'protocols' ? protocols.handle.fd : undefined));
using program = loadProgram({ type: 'xdp', name: 'count_protocols', code });
using attached = attachXdp({ interface: name, program });
console.log(`counting on ${name}, ${attached.mode} XDP`);

const timer = setInterval(print, 1000);
await once(process, 'SIGINT');
clearInterval(timer);

function print(): void {
  const counts = [...protocols.entries()].flatMap(([protocol, perCpu]) => {
    const packets = perCpu.reduce((sum, count) => sum + count);
    return packets > 0n ? [`${names[protocol] ?? protocol} ${packets}`] : [];
  });
  console.log(counts.join('  ') || 'nothing yet');
}
