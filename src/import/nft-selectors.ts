import { addressRange, dscpNumber, icmpTypeNumber, plainNumber, portNumber, protocolNumber } from './field-text.ts';
import type { Range } from './ranges.ts';
import { and, EVERYTHING, type Field, FLAGS, ofFamily, only, type Region } from './region.ts';
import { type Interfaces, type Loss, NotCarried, needsConnections } from './ruleset.ts';

/** What the left side of a match speaks of. */
export interface Selector {
  readonly field: Field;
  /** What a packet has to be for the field to be there. */
  readonly context: Region;
  /** The value that a text or a number on the right side stands for. */
  read(text: string): Range[];
}

/** JSON that nft printed; every use looks before it leaps. */
export type Json = { readonly [key: string]: unknown };
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const single =
  (read: (text: string) => number) =>
  (text: string): Range[] => [[BigInt(read(text)), BigInt(read(text))]];

const numeric = (field: Field, context: Region = EVERYTHING, shift = 0): Selector => ({
  field,
  context,
  read: single((text) => plainNumber(text) + shift),
});
const protocol = (...numbers: number[]): Region =>
  only('protocol', ...numbers.map((number): Range => [BigInt(number), BigInt(number)]));
const port = (field: 'port' | 'fromPort', context: Region): Selector => ({ field, context, read: single(portNumber) });
const address = (field: 'from' | 'to', family: 4 | 6): Selector => ({
  field,
  context: ofFamily(family),
  read: (text) => [addressRange(text)],
});
const icmp = (field: 'icmpType' | 'icmpCode', family: 4 | 6): Selector => ({
  field,
  context: and(ofFamily(family), protocol(family === 4 ? 1 : 58)),
  read: single((text) => (field === 'icmpType' ? icmpTypeNumber(text, family) : plainNumber(text))),
});
const protocols = (context: Region): Selector => ({ field: 'protocol', context, read: single(protocolNumber) });
const dscp = (family: 4 | 6): Selector => ({ field: 'dscp', context: ofFamily(family), read: single(dscpNumber) });
const FAMILY_WORDS: Readonly<Record<string, 4 | 6>> = { ip: 4, ipv4: 4, ip6: 6, ipv6: 6 };
const families: Selector = {
  field: 'from',
  context: EVERYTHING,
  read(text) {
    const family = FAMILY_WORDS[text];
    if (!family) throw new NotCarried(`packets of ${text} are none that rules of Sluice match`);
    return (ofFamily(family)[0]?.from?.any ?? []).flatMap(({ ranges }) => ranges);
  },
};

const PAYLOADS: Readonly<Record<string, Selector>> = {
  'ip saddr': address('from', 4),
  'ip daddr': address('to', 4),
  'ip6 saddr': address('from', 6),
  'ip6 daddr': address('to', 6),
  'ip protocol': protocols(ofFamily(4)),
  'ip6 nexthdr': protocols(ofFamily(6)),
  'ip ttl': numeric('ttl', ofFamily(4)),
  'ip6 hoplimit': numeric('ttl', ofFamily(6)),
  'ip length': numeric('length', ofFamily(4)),
  // Of IPv6, nft means the bytes behind the header.
  'ip6 length': numeric('length', ofFamily(6), 40),
  'ip dscp': dscp(4),
  'ip6 dscp': dscp(6),
  'icmp type': icmp('icmpType', 4),
  'icmp code': icmp('icmpCode', 4),
  'icmpv6 type': icmp('icmpType', 6),
  'icmpv6 code': icmp('icmpCode', 6),
  'vlan id': numeric('vlan'),
  'ether type': families,
  ...Object.fromEntries(
    Object.entries({ tcp: [6], udp: [17], sctp: [132], th: [6, 17, 132] }).flatMap(([name, numbers]) => [
      [`${name} dport`, port('port', protocol(...numbers))],
      [`${name} sport`, port('fromPort', protocol(...numbers))],
    ]),
  ),
};

export const TCP: Region = protocol(6);

export function selectorOf(left: unknown, interfaces: Interfaces): Selector {
  if (!isObject(left)) throw new NotCarried(`the match is not known: ${short(left)}`);
  const { payload, meta, ct } = left;
  if (isObject(ct)) throw connections(`ct ${ct['key']}`);
  if (isObject(meta)) {
    switch (meta['key']) {
      case 'l4proto':
        return protocols(EVERYTHING);
      case 'nfproto':
      case 'protocol':
        return families;
      case 'length':
        return numeric('length');
      case 'iif':
      case 'iifname':
        return interfaceSelector('iif', interfaces);
      case 'oif':
      case 'oifname':
        return interfaceSelector('oif', interfaces);
    }
    throw new NotCarried(`Sluice does not match "meta ${meta['key']}"`);
  }
  if (isObject(payload)) {
    const name = `${payload['protocol']} ${payload['field']}`;
    const known = Object.hasOwn(PAYLOADS, name) ? PAYLOADS[name] : undefined;
    if (known) return known;
    throw new NotCarried(`Sluice does not match "${payload['field'] === undefined ? short(payload) : name}"`);
  }
  throw new NotCarried(`Sluice does not match "${Object.keys(left)[0]}"`);
}

function interfaceSelector(field: 'iif' | 'oif', interfaces: Interfaces): Selector {
  const read = (name: string): Range[] => {
    const ranges = interfaces.ranges(name, '*');
    if (ranges) return ranges;
    throw new NotCarried(`${name} is none of the interfaces of the policy`, {
      help: 'name the interfaces that it stands for: --interface eth0 --interface eth1',
    });
  };
  return { field, context: EVERYTHING, read };
}

export const connections = (what: string): NotCarried => {
  const loss: Loss = needsConnections(what);
  return new NotCarried(loss.message, loss);
};

export const isFlag = (name: unknown): name is (typeof FLAGS)[number] => FLAGS.some((flag) => flag === name);

export const short = (value: unknown): string => JSON.stringify(value).slice(0, 80);
