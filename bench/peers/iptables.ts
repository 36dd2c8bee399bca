import { floodSources } from '../../src/lab/index.ts';
import { mustRun, otherPrefixes, type Peer } from './peer.ts';

/** The classic xtables, not its translation to nftables, which is measured as such. */
const iptables = 'iptables-legacy';
const drops = ['-t', 'raw', '-A', 'PREROUTING', '-j', 'DROP'];

export const iptablesRaw: Peer = {
  id: 'iptables-raw',
  title: 'iptables raw PREROUTING, 1 rule',
  async setUp(host) {
    await mustRun(host, iptables, [...drops, '-s', floodSources]);
    return undefined;
  },
};

export const ipset: Peer = {
  id: 'ipset',
  title: 'iptables raw PREROUTING, ipset of 1,000',
  async setUp(host) {
    const elements = [...otherPrefixes(999), floodSources].map((prefix) => `add blocked ${prefix}`);
    await mustRun(host, 'ipset', ['restore'], ['create blocked hash:net', ...elements, ''].join('\n'));
    await mustRun(host, iptables, [...drops, '-m', 'set', '--match-set', 'blocked', 'src']);
    return undefined;
  },
};
