import { createAssembler, link, R0 } from '../asm/index.ts';
import { attachXdp, inNamespace, loadProgram } from '../kernel/index.ts';
import type { LabHost } from './host.ts';

const XDP_PASS = 2;

/**
 * Lets a device receive what an XDP program on the other end of its cable sends with XDP_TX, as a reject does. A veth
 * device only wakes up for such frames when it has an XDP program of its own (Linux 6.18, `veth_xdp_flush`; with
 * receive offload alone they wait for the next other packet), so it gets one that passes everything.
 * @returns takes the program away again
 */
export function receiveXdpFrames(host: LabHost, device: string): () => void {
  const asm = createAssembler('pass');
  asm.mov(R0, XDP_PASS);
  asm.exit();
  using program = loadProgram({ type: 'xdp', name: 'pass', code: link(asm.finish(), []).code });
  const attached = inNamespace({ path: host.path }, () => attachXdp({ interface: device, program, mode: 'native' }));
  return attached.close;
}
