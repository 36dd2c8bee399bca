import { createAssembler, link, R0 } from '../../src/asm/index.ts';
import { attachXdp, inNamespace, loadProgram } from '../../src/kernel/index.ts';
import type { Peer } from './peer.ts';

const XDP_DROP = 1;

/** `return XDP_DROP`: the least that a drop can cost, the bound for everything else. */
export const bareXdp: Peer = {
  id: 'xdp-drop',
  title: 'bare return XDP_DROP',
  async setUp(host) {
    const a = createAssembler('drop');
    a.mov(R0, XDP_DROP);
    a.exit();
    const program = loadProgram({ type: 'xdp', name: 'drop', code: link(a.finish(), []).code });
    const attached = inNamespace(host, () => attachXdp({ interface: 'eth0', program, mode: 'native' }));
    return () => {
      attached.close();
      program.close();
    };
  },
};
