import { floodSources, type LabHost } from '../../src/lab/index.ts';
import { mustRun, otherPrefixes, type Peer } from './peer.ts';

const netdev = { family: 'netdev', hook: 'type filter hook ingress device "eth0" priority 0' };
const prerouting = { family: 'ip', hook: 'type filter hook prerouting priority raw' };

/** nftables by hook and by the shape of the block list; the entry that matches is the last. */
export const nftables: readonly Peer[] = [
  peer('nftables-netdev-1', 'nftables netdev ingress, 1 rule', netdev, drop([floodSources])),
  peer(
    'nftables-netdev-1000',
    'nftables netdev ingress, 1,000 rules',
    netdev,
    drop([...otherPrefixes(999), floodSources]),
  ),
  peer('nftables-netdev-set', 'nftables netdev ingress, set of 1,000', netdev, [
    `ip saddr { ${[...otherPrefixes(999), floodSources].join(', ')} } drop`,
  ]),
  peer('nftables-netdev-vmap', 'nftables netdev ingress, vmap of 1,000', netdev, [
    `ip saddr vmap { ${[...otherPrefixes(999), floodSources].map((prefix) => `${prefix} : drop`).join(', ')} }`,
  ]),
  peer('nftables-prerouting-1', 'nftables prerouting, 1 rule', prerouting, drop([floodSources])),
];

function drop(prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => `ip saddr ${prefix} drop`);
}

function peer(id: string, title: string, { family, hook }: typeof netdev, rules: readonly string[]): Peer {
  const ruleset = [`table ${family} bench {`, 'chain drops {', `${hook}; policy accept;`, ...rules, '}', '}', ''].join(
    '\n',
  );
  const setUp = async (host: LabHost) => {
    await mustRun(host, 'nft', ['-f', '-'], ruleset);
    return undefined;
  };
  return { id, title, setUp };
}
