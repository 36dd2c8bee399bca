import type { LabHost } from '../../../src/lab/index.ts';
import type { FiveTuple } from '../../../src/policy/testing/classbench.ts';
import type { Family } from '../../../src/policy/testing/header-frames.ts';
import { mustRun } from '../../peers/peer.ts';
import type { MeasuredList } from '../lists.ts';
import { hasPorts, isAny, prefixText, type RulePeer } from './rule-peer.ts';

/** One rule after the other, a set, and a verdict map, which holds what to do for each key. */
export const nftables: readonly RulePeer[] = [
  {
    id: 'nftables',
    title: 'nftables, rule after rule',
    most: 10_000,
    takes: () => true,
    async load(host, { rules, family }) {
      await nft(host, [], [...rules.map((rule) => `${matches(rule, family)} drop`), 'drop']);
      return {};
    },
  },
  {
    id: 'nftables-set',
    title: 'nftables, set',
    most: 100_000,
    takes: ({ kind }) => keysOf(kind) !== undefined,
    async load(host, list) {
      const { match, elements, intervals } = elementsOf(list);
      const set = ['set listed {', `typeof ${match}`, intervals, `elements = { ${elements.join(', ')} }`, '}'];
      await nft(host, set, [`${guard(list)}${match} @listed drop`, 'drop']);
      return { how: match };
    },
  },
  {
    id: 'nftables-vmap',
    title: 'nftables, verdict map',
    most: 100_000,
    takes: ({ kind }) => keysOf(kind) !== undefined,
    async load(host, list) {
      const { match, elements, intervals } = elementsOf(list);
      const verdicts = elements.map((element) => `${element} : drop`).join(', ');
      const map = ['map listed {', `typeof ${match} : verdict`, intervals, `elements = { ${verdicts} }`, '}'];
      await nft(host, map, [`${guard(list)}${match} vmap @listed`, 'drop']);
      return { how: match };
    },
  },
];

async function nft(host: LabHost, sets: readonly string[], rules: readonly string[]): Promise<void> {
  const hook = 'type filter hook ingress device "eth0" priority 0; policy accept;';
  const table = ['table netdev bench {', ...sets, 'chain rules {', hook, ...rules, '}', '}', ''];
  await mustRun(host, 'nft', ['-f', '-'], table.join('\n'));
}

function matches({ src, dst, srcPort, dstPort, protocol }: FiveTuple, family: Family): string {
  const ip = { v4: 'ip', v6: 'ip6' }[family];
  return [
    src.length > 0 ? `${ip} saddr ${prefixText(src, family)}` : '',
    dst.length > 0 ? `${ip} daddr ${prefixText(dst, family)}` : '',
    protocol === undefined ? '' : `meta l4proto ${protocol}`,
    hasPorts(protocol) && !isAny(srcPort) ? `th sport ${range(srcPort)}` : '',
    hasPorts(protocol) && !isAny(dstPort) ? `th dport ${range(dstPort)}` : '',
    'counter',
  ].join(' ');
}

const range = ([lo, hi]: readonly [number, number]): string => (lo === hi ? `${lo}` : `${lo}-${hi}`);

const [saddr, daddr, dport] = ['ip saddr', 'ip daddr', 'th dport'];

/** What tells the rules of a list of one shape apart. ClassBench's have no such key: they overlap in all fields. */
function keysOf(kind: MeasuredList['kind']): readonly string[] | undefined {
  if (kind === 'sources') return [saddr];
  if (kind === 'sources-and-ports') return [saddr, dport];
  if (kind === 'pairs') return [saddr, daddr];
  if (kind === 'ports') return [dport];
  if (kind === 'security-groups') return [saddr, daddr, dport];
  return undefined;
}

const hasPrefixes = ({ kind }: MeasuredList): boolean => kind === 'security-groups';

function elementsOf(list: MeasuredList): { match: string; elements: readonly string[]; intervals: string } {
  const keys = keysOf(list.kind) ?? [];
  const text = ({ src, dst, dstPort }: FiveTuple): Record<string, string> => ({
    [saddr]: withoutFullLength(prefixText(src, list.family)),
    [daddr]: withoutFullLength(prefixText(dst, list.family)),
    [dport]: range(dstPort),
  });
  // A key that comes again has no say: the first rule that matches decides.
  const elements = new Set(list.rules.map((rule) => keys.map((key) => text(rule)[key]).join(' . ')));
  return { match: keys.join(' . '), elements: [...elements], intervals: hasPrefixes(list) ? 'flags interval;' : '' };
}

/** A hash table takes addresses, not prefixes. */
const withoutFullLength = (prefix: string): string => prefix.replace(/\/32$/, '');

const guard = ({ kind }: MeasuredList): string => (keysOf(kind)?.includes(dport) ? 'meta l4proto tcp ' : '');
