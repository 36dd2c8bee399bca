import { buildGeneration } from '../../../src/datapath/generation.ts';
import { attachXdp, inNamespace } from '../../../src/kernel/index.ts';
import { checkPolicy } from '../../../src/policy/check.ts';
import { compilePolicy } from '../../../src/policy/compile.ts';
import { policyText } from '../measure.ts';
import type { RulePeer } from './rule-peer.ts';

/** What `sluice up` attaches, without its pins. */
export const sluice: RulePeer = {
  id: 'sluice',
  title: 'Sluice',
  most: 100_000,
  takes: () => true,
  load: async (host, list) =>
    inNamespace(host, () => {
      const text = policyText(list).replaceAll('action: allow', 'action: drop');
      const { policy } = checkPolicy({ path: `${list.id}.yaml`, text });
      if (policy === undefined) throw new Error(`${list.id} is no policy`);
      const generation = buildGeneration(compilePolicy(policy));
      const attached = attachXdp({ interface: 'eth0', program: generation.xdp, mode: 'native' });
      const tearDown = (): void => {
        attached.close();
        generation.close();
      };
      return { tearDown };
    }),
};
