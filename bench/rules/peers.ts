import { existsSync } from 'node:fs';
import { buildGeneration } from '../../src/datapath/generation.ts';
import { attachXdp, findInterface, inNamespace } from '../../src/kernel/index.ts';
import type { LabHost } from '../../src/lab/index.ts';
import { checkPolicy } from '../../src/policy/check.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { FiveTuple, Prefix } from '../../src/policy/testing/classbench.ts';
import { mustRun, type Peer, type TearDown } from '../peers/peer.ts';
import type { MeasuredList } from './lists.ts';
import { policyText } from './measure.ts';

/** A way to put a list of rules in force, each of which drops, and what none of them matches, too. */
export interface RulePeer {
  readonly id: string;
  readonly title: string;
  /** More rules are not tried: a packet would take milliseconds, or loading minutes. */
  readonly most: number;
  /** Whether it can hold the list: sets take no ranges that overlap. */
  readonly takes: 'any' | 'disjoint';
  /** Throws where this machine cannot do it. */
  readonly load: (host: LabHost, list: MeasuredList) => Promise<TearDown | undefined>;
}

export const rulePeers: readonly RulePeer[] = [
  { id: 'sluice', title: 'Sluice', most: 100_000, takes: 'any', load: loadSluice },
  { id: 'nftables', title: 'nftables, rule after rule', most: 10_000, takes: 'any', load: loadNftables },
  { id: 'nftables-set', title: 'nftables, set of concatenations', most: 100_000, takes: 'disjoint', load: loadSet },
  { id: 'iptables', title: 'iptables', most: 10_000, takes: 'any', load: loadIptables },
  { id: 'ipset', title: 'iptables, ipset hash:net,port,net', most: 100_000, takes: 'disjoint', load: loadIpset },
  { id: 'bpfilter', title: 'bpfilter', most: 1_000, takes: 'any', load: loadBpfilter },
];

/** As a peer that a contest knows. Tells how long loading took. */
export function asPeer(peer: RulePeer, list: MeasuredList, onLoaded: (seconds: number) => void): Peer {
  return {
    id: peer.id,
    title: `${peer.title}: ${list.title}`,
    async setUp(host) {
      const started = performance.now();
      const tearDown = await peer.load(host, list);
      onLoaded((performance.now() - started) / 1000);
      return tearDown;
    },
  };
}

async function loadSluice(host: LabHost, list: MeasuredList): Promise<TearDown> {
  return inNamespace(host, () => {
    const text = policyText(list).replaceAll('action: allow', 'action: drop');
    const { policy } = checkPolicy({ path: `${list.id}.yaml`, text });
    if (policy === undefined) throw new Error(`${list.id} is no policy`);
    const generation = buildGeneration(compilePolicy(policy, { interfaceIndex: (name) => findInterface(name).index }));
    const attached = attachXdp({ interface: 'eth0', program: generation.xdp, mode: 'native' });
    return () => {
      attached.close();
      generation.close();
    };
  });
}

async function loadNftables(host: LabHost, { rules }: MeasuredList): Promise<undefined> {
  await nft(host, [], [...rules.map((rule) => `${nftMatches(rule)} drop`), 'drop']);
}

async function loadSet(host: LabHost, { rules }: MeasuredList): Promise<undefined> {
  const elements = rules.map(({ src, dst, dstPort }) => `${prefix(src)} . ${prefix(dst)} . ${nftRange(dstPort)}`);
  const set = ['set listed {', 'typeof ip saddr . ip daddr . th dport; flags interval;'];
  const content = [...set, `elements = { ${elements.join(', ')} }`, '}'];
  await nft(host, content, ['meta l4proto tcp ip saddr . ip daddr . th dport @listed drop', 'drop']);
}

async function nft(host: LabHost, sets: readonly string[], rules: readonly string[]): Promise<void> {
  const hook = 'type filter hook ingress device "eth0" priority 0; policy accept;';
  const table = ['table netdev bench {', ...sets, 'chain rules {', hook, ...rules, '}', '}', ''];
  await mustRun(host, 'nft', ['-f', '-'], table.join('\n'));
}

function nftMatches({ src, dst, srcPort, dstPort, protocol }: FiveTuple): string {
  return [
    src.length > 0 ? `ip saddr ${prefix(src)}` : '',
    dst.length > 0 ? `ip daddr ${prefix(dst)}` : '',
    protocol === undefined ? '' : `meta l4proto ${protocol}`,
    hasPorts(protocol) && !isAny(srcPort) ? `th sport ${nftRange(srcPort)}` : '',
    hasPorts(protocol) && !isAny(dstPort) ? `th dport ${nftRange(dstPort)}` : '',
    'counter',
  ].join(' ');
}

const nftRange = ([lo, hi]: readonly [number, number]): string => (lo === hi ? `${lo}` : `${lo}-${hi}`);
const isAny = ([lo, hi]: readonly [number, number]): boolean => lo === 0 && hi === 65_535;
const hasPorts = (protocol: number | undefined): boolean => protocol === 6 || protocol === 17;

function prefix({ address, length }: Prefix): string {
  const octets = [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn);
  return `${octets.join('.')}/${length}`;
}

const iptables = 'iptables-legacy';

async function loadIptables(host: LabHost, { rules }: MeasuredList): Promise<undefined> {
  const lines = rules.map(({ src, dst, srcPort, dstPort, protocol }) => {
    const ports = (option: string, [lo, hi]: readonly [number, number]): string =>
      hasPorts(protocol) && !isAny([lo, hi]) ? ` ${option} ${lo}:${hi}` : '';
    const of = protocol === undefined ? '' : ` -p ${protocol}`;
    return `-A PREROUTING -s ${prefix(src)} -d ${prefix(dst)}${of}${ports('--sport', srcPort)}${ports('--dport', dstPort)} -j DROP`;
  });
  const table = ['*raw', ...lines, '-A PREROUTING -j DROP', 'COMMIT', ''];
  await mustRun(host, `${iptables}-restore`, [], table.join('\n'));
}

async function loadIpset(host: LabHost, { rules }: MeasuredList): Promise<undefined> {
  const elements = rules.map(({ src, dst, dstPort }) => `add listed ${prefix(src)},tcp:${dstPort[0]},${prefix(dst)}`);
  const create = 'create listed hash:net,port,net maxelem 200000';
  await mustRun(host, 'ipset', ['restore'], [create, ...new Set(elements), ''].join('\n'));
  const match = ['-m', 'set', '--match-set', 'listed', 'src,dst,dst'];
  await mustRun(host, iptables, ['-t', 'raw', '-A', 'PREROUTING', ...match, '-j', 'DROP']);
  await mustRun(host, iptables, ['-t', 'raw', '-A', 'PREROUTING', '-j', 'DROP']);
}

async function loadBpfilter(): Promise<undefined> {
  const found = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/bfcli`));
  throw new Error(found ? 'bfcli is here, but not driven yet' : 'no bfcli here: Debian has no package of it');
}
