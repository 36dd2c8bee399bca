import type { Peer } from '../../peers/peer.ts';
import type { MeasuredList } from '../lists.ts';
import { bpfilter } from './bpfilter.ts';
import { ipset, iptables } from './iptables.ts';
import { nftables } from './nftables.ts';
import type { Loaded, RulePeer } from './rule-peer.ts';
import { sluice } from './sluice.ts';

export const rulePeers: readonly RulePeer[] = [sluice, ...nftables, iptables, ipset, ...bpfilter];

/** As a peer that a contest knows. Tells how long loading took, and in what the rules were put. */
export function asPeer(peer: RulePeer, list: MeasuredList, onLoaded: (seconds: number, loaded: Loaded) => void): Peer {
  return {
    id: peer.id,
    title: `${peer.title}: ${list.title}`,
    async setUp(host) {
      const started = performance.now();
      const loaded = await peer.load(host, list);
      onLoaded((performance.now() - started) / 1000, loaded);
      return loaded.tearDown;
    },
  };
}
