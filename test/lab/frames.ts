import { createAssembler, link, R0 } from '../../src/asm/index.ts';
import { findInterface, inNamespace, loadProgram, sendLiveFrames, xdpContext } from '../../src/kernel/index.ts';
import type { LabHost } from '../../src/lab/index.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';

const XDP_TX = 3;

/** Sends packets, written as `sluice ask` takes them, out of the host's eth0 to the other end of the cable. */
export function sendPackets(host: LabHost, packets: readonly string[]): void {
  const asm = createAssembler('send');
  asm.mov(R0, XDP_TX);
  asm.exit();
  using program = loadProgram({ type: 'xdp', name: 'send', code: link(asm.finish(), []).code });
  const device = host.devices.find(({ device }) => device === 'eth0');
  const addresses = [device?.peer.hardwareAddress ?? '', device?.hardwareAddress ?? ''];
  inNamespace(host, () => {
    const ingressIfindex = findInterface('eth0').index;
    for (const packet of packets) {
      const data = buildFrame(parseNotation(packet));
      data.set(addresses.flatMap((address) => address.split(':').map((octet) => Number.parseInt(octet, 16))));
      sendLiveFrames(program, { data, context: xdpContext({ ingressIfindex, frameLength: data.length }), count: 1 });
    }
  });
}
