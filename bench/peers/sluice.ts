import { attachXdp, inNamespace } from '../../src/kernel/index.ts';
import { generationOf, measuredPolicies } from '../policies.ts';
import type { Peer } from './peer.ts';

/** What `sluice up` attaches, without its pins. */
export const sluice: readonly Peer[] = measuredPolicies.map((policy) => ({
  id: policy.id,
  title: policy.title,
  setUp: async (host) =>
    inNamespace(host, () => {
      const generation = generationOf(policy);
      const attached = attachXdp({ interface: 'eth0', program: generation.xdp, mode: 'native' });
      return () => {
        attached.close();
        generation.close();
      };
    }),
}));
