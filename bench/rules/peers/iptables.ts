import type { LabHost } from '../../../src/lab/index.ts';
import { mustRun } from '../../peers/peer.ts';
import type { MeasuredList } from '../lists.ts';
import { addressText, hasPorts, isAny, prefixText, type RulePeer } from './rule-peer.ts';

/** The classic xtables, not its translation to nftables, which is measured as such. */
const command = 'iptables-legacy';
const prerouting = ['-t', 'raw', '-A', 'PREROUTING'];

export const iptables: RulePeer = {
  id: 'iptables',
  title: 'iptables',
  most: 10_000,
  takes: ({ family }) => family === 'v4',
  async load(host, { rules, family }) {
    const lines = rules.map(({ src, dst, srcPort, dstPort, protocol }) => {
      const ports = (option: string, [lo, hi]: readonly [number, number]): string =>
        hasPorts(protocol) && !isAny([lo, hi]) ? ` ${option} ${lo}:${hi}` : '';
      const addresses = `-s ${prefixText(src, family)} -d ${prefixText(dst, family)}`;
      const of = protocol === undefined ? '' : ` -p ${protocol}`;
      return `-A PREROUTING ${addresses}${of}${ports('--sport', srcPort)}${ports('--dport', dstPort)} -j DROP`;
    });
    const table = ['*raw', ...lines, '-A PREROUTING -j DROP', 'COMMIT', ''];
    await mustRun(host, `${command}-restore`, [], table.join('\n'));
    return {};
  },
};

/** What of a packet is looked up in which type of set, and how a rule is written there. */
interface Type {
  readonly name: string;
  readonly asks: string;
  /** As options of `create`. */
  readonly options?: string;
  readonly elements: (rule: MeasuredList['rules'][number]) => readonly string[];
  readonly remark?: string;
}

/** The types that can hold the list, the best first: a kernel may have been built without some of them. */
function typesFor(kind: MeasuredList['kind']): readonly Type[] {
  if (kind === 'sources') return [{ name: 'hash:ip', asks: 'src', elements: ({ src }) => [address(src)] }];
  if (kind === 'sources-and-ports') {
    return [
      { name: 'hash:ip,port', asks: 'src,dst', elements: ({ src, dstPort }) => [`${address(src)},tcp:${dstPort[0]}`] },
    ];
  }
  if (kind === 'ports') {
    const options = 'range 0-65535';
    return [{ name: 'bitmap:port', asks: 'dst', options, elements: ({ dstPort }) => [`tcp:${dstPort[0]}`] }];
  }
  if (kind === 'pairs') {
    return [
      {
        name: 'hash:net,net',
        asks: 'src,dst',
        elements: ({ src, dst }) => [`${prefixText(src, 'v4')},${prefixText(dst, 'v4')}`],
      },
    ];
  }
  return [
    {
      name: 'hash:net,port,net',
      asks: 'src,dst,dst',
      elements: ({ src, dst, dstPort }) => [`${prefixText(src, 'v4')},tcp:${dstPort[0]},${prefixText(dst, 'v4')}`],
    },
    {
      name: 'hash:ip,port,net',
      asks: 'dst,dst,src',
      elements: ({ src, dst, dstPort }) =>
        Array.from(
          { length: 2 ** (32 - dst.length) },
          (_, i) => `${addressText(dst.address + BigInt(i), 'v4')},tcp:${dstPort[0]},${prefixText(src, 'v4')}`,
        ),
      remark: 'each destination address an element',
    },
  ];
}

const address = ({ address }: { readonly address: bigint }): string => addressText(address, 'v4');

export const ipset: RulePeer = {
  id: 'ipset',
  title: 'iptables, ipset',
  most: 100_000,
  takes: ({ kind, family }) => family === 'v4' && !isShape(kind),
  async load(host, list) {
    const { type, refused } = await createBest(host, typesFor(list.kind));
    const elements = new Set(list.rules.flatMap(type.elements));
    await mustRun(host, 'ipset', ['restore'], [...[...elements].map((one) => `add listed ${one}`), ''].join('\n'));
    const match = ['-m', 'set', '--match-set', 'listed', type.asks];
    const protocol = type.name.includes('port') ? ['-p', 'tcp'] : [];
    await mustRun(host, command, [...prerouting, ...protocol, ...match, '-j', 'DROP']);
    await mustRun(host, command, [...prerouting, '-j', 'DROP']);
    const note = refused.join('; ');
    return {
      how: type.remark === undefined ? type.name : `${type.name}, ${type.remark}`,
      ...(note !== '' && { note }),
    };
  },
};

/** ClassBench's rules overlap in all fields: no set can hold them. */
const isShape = (kind: MeasuredList['kind']): boolean => kind === 'acl1' || kind === 'fw1' || kind === 'ipc1';

/** Makes the first set that this kernel has the type of. */
async function createBest(host: LabHost, types: readonly Type[]): Promise<{ type: Type; refused: readonly string[] }> {
  const refused: string[] = [];
  for (const type of types) {
    const size = type.options ?? 'maxelem 2000000';
    const { status, stderr } = await host.exec('ipset', ['create', 'listed', type.name, ...size.split(' ')]);
    if (status === 0) return { type, refused };
    refused.push(`${type.name}: ${stderr.trim()}`);
  }
  throw new Error(refused.join('; '));
}
