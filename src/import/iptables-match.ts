import { addressRange, dscpNumber, icmpTypeNumber, plainNumber, portNumber, protocolNumber } from './field-text.ts';
import type { Option } from './iptables-words.ts';
import { flagsRegion } from './nft-match.ts';
import type { Range } from './ranges.ts';
import { and, DOMAINS, EVERYTHING, type Field, FLAGS, not, ofFamily, only, type Region } from './region.ts';
import { type Interfaces, NotCarried, needsConnections } from './ruleset.ts';
import { notValue, values } from './value.ts';

export interface MatchScope {
  readonly family: 4 | 6;
  readonly interfaces: Interfaces;
  /** Protocols that the rule names: ports are theirs. */
  readonly protocol: Region;
}

type Reader = (option: Option, scope: MatchScope) => Region;

const number = (value: number): Range => [BigInt(value), BigInt(value)];

/** One value of a field, or with `!` any other. */
function field(name: Field, ranges: readonly Range[], { negated }: Option, context: Region = EVERYTHING): Region {
  const value = values(...ranges);
  return and(context, [{ [name]: negated ? notValue(value, DOMAINS[name]) : value }]);
}

const first = ({ values: [value = ''] }: Option): string => value;

const address =
  (name: 'from' | 'to'): Reader =>
  (option, { family }) =>
    field(name, [addressRange(first(option))], option, ofFamily(family));

const networkInterface =
  (name: 'iif' | 'oif'): Reader =>
  (option, { interfaces }) => {
    const ranges = interfaces.ranges(first(option), '+');
    if (ranges) return field(name, ranges, option);
    throw new NotCarried(`${first(option)} is none of the interfaces of the policy`, {
      help: 'name the interfaces that it stands for: --interface eth0 --interface eth1',
    });
  };

/** `80`, `8000:8100`, `:1023`, and lists of them. */
function portRanges(text: string): Range[] {
  return text.split(',').map((part) => {
    const [lo = '', hi] = part.split(':');
    const from = lo === '' ? 0 : portNumber(lo);
    return [BigInt(from), BigInt(hi === undefined ? from : hi === '' ? 65_535 : portNumber(hi))];
  });
}

const ports =
  (name: 'port' | 'fromPort'): Reader =>
  (option, { protocol }) =>
    field(name, portRanges(first(option)), option, protocol);

const eitherPort: Reader = (option, { protocol }) => {
  const ranges = portRanges(first(option));
  const named = (name: 'port' | 'fromPort') => only(name, ...ranges);
  const both = option.negated
    ? and(
        [{ port: notValue(values(...ranges), DOMAINS.port) }],
        [{ fromPort: notValue(values(...ranges), DOMAINS.port) }],
      )
    : [...named('port'), ...and(named('fromPort'), [{ port: notValue(values(...ranges), DOMAINS.port) }])];
  return and(protocol, both);
};

const icmp =
  (family: 4 | 6): Reader =>
  (option) => {
    const context = and(ofFamily(family), only('protocol', number(family === 4 ? 1 : 58)));
    const [type = '', code] = first(option).split('/');
    if (type === 'any' || type === '255') return context;
    const types = only('icmpType', number(icmpTypeNumber(type, family)));
    const both = code === undefined ? types : and(types, only('icmpCode', number(plainNumber(code))));
    if (!option.negated) return and(context, both);
    return and(context, not(both)).filter((match) => match.icmpType !== undefined);
  };

/** `lo:hi`, or one number. */
const range =
  (name: 'length' | 'ttl', limits: (value: number) => [number, number] = (value) => [value, value]): Reader =>
  (option) => {
    const [lo = '', hi] = first(option).split(':');
    const [from, to] =
      hi === undefined ? limits(plainNumber(lo)) : [plainNumber(lo || '0'), plainNumber(hi || '65535')];
    return field(name, [[BigInt(from), BigInt(to)]], option);
  };

/** `FIN,SYN,RST,ACK SYN`, or in numbers as some versions write it: `0x17/0x02`. */
const tcpFlags: Reader = ({ values: [mask = '', wanted = ''], negated }) => {
  return flagsRegion(flagBits(mask), flagBits(wanted), negated ? '!=' : '==');
};

function flagBits(text: string): number {
  if (text === 'NONE') return 0;
  if (text === 'ALL') return 63;
  return text.split(',').reduce((bits, name) => {
    const index = FLAGS.map(String).indexOf(name.toLowerCase());
    if (index < 0) throw new NotCarried(`the TCP flag "${name}" is not known`);
    return bits | (1 << index);
  }, 0);
}

/** `192.0.2.1-192.0.2.9` */
const addressesBetween = address;

const SYN = 0x17;

export const MATCHES: Readonly<Record<string, Reader>> = {
  '-s': address('from'),
  '-d': address('to'),
  '--src-range': addressesBetween('from'),
  '--dst-range': addressesBetween('to'),
  '-i': networkInterface('iif'),
  '-o': networkInterface('oif'),
  '-p': (option) =>
    first(option) === 'all' ? EVERYTHING : field('protocol', [number(protocolNumber(first(option)))], option),
  '-f': (option, { family }) =>
    and(ofFamily(family), option.negated ? only('fragment', [0n, 1n]) : only('fragment', [2n, 2n])),
  '--sport': ports('fromPort'),
  '--dport': ports('port'),
  '--sports': ports('fromPort'),
  '--dports': ports('port'),
  '--ports': eitherPort,
  '--tcp-flags': tcpFlags,
  '--syn': ({ negated }) => flagsRegion(SYN, 2, negated ? '!=' : '=='),
  '--icmp-type': icmp(4),
  '--icmpv6-type': icmp(6),
  '--length': range('length'),
  '--ttl-eq': range('ttl'),
  '--ttl-lt': range('ttl', (value) => [0, value - 1]),
  '--ttl-gt': range('ttl', (value) => [value + 1, 255]),
  '--hl-eq': range('ttl'),
  '--hl-lt': range('ttl', (value) => [0, value - 1]),
  '--hl-gt': range('ttl', (value) => [value + 1, 255]),
  '--dscp': (option) => field('dscp', [number(dscpNumber(first(option)))], option),
};

/** Modules whose options are in the table above, or that have none of their own. */
export const MODULES: ReadonlySet<string> = new Set(
  'tcp udp sctp icmp icmp6 ipv6-icmp multiport iprange length ttl hl dscp comment limit state conntrack'.split(' '),
);

/** `--ctstate NEW`: true where it is for new connections only. Throws where it is about others alone. */
export function isOnlyNew({ name, negated, values: [states = ''] }: Option): boolean {
  if (!negated && states.split(',').includes('NEW')) return true;
  const loss = needsConnections(`${name} ${negated ? '! ' : ''}${states}`);
  throw new NotCarried(loss.message, loss);
}
