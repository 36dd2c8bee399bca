import { bareXdp } from './bare-xdp.ts';
import { ipset, iptablesRaw } from './iptables.ts';
import { nftables } from './nftables.ts';
import type { Peer } from './peer.ts';
import { sluice } from './sluice.ts';
import { xdpFilter } from './xdp-filter.ts';

/** Everything that is measured against each other, in the order of the table. */
export const peers: readonly Peer[] = [bareXdp, ...sluice, xdpFilter, ...nftables, iptablesRaw, ipset];
