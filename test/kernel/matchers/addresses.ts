import type { MatchCase } from './case.ts';

const from4 = (source: string): string => `udp ${source}:1 > 192.0.2.10:2`;
const from6 = (source: string): string => `udp [${source}]:1 > [2001:db8::10]:2`;
const to4 = (destination: string): string => `udp 192.0.2.10:1 > ${destination}:2`;
const to6 = (destination: string): string => `udp [2001:db8::10]:1 > [${destination}]:2`;

export const addressCases: readonly MatchCase[] = [
  {
    says: 'from is the source',
    rule: '{ from: [198.51.100.7, "2001:db8:7::7"] }',
    hits: [from4('198.51.100.7'), from6('2001:db8:7::7')],
    misses: [
      from4('198.51.100.8'),
      from6('2001:db8:7::8'),
      to4('198.51.100.7'),
      to6('2001:db8:7::7'),
      'arp 198.51.100.7 > 192.0.2.1',
    ],
  },
  {
    says: 'to is the destination',
    rule: '{ to: [198.51.100.7, "2001:db8:7::7"] }',
    hits: [to4('198.51.100.7'), to6('2001:db8:7::7')],
    misses: [from4('198.51.100.7'), from6('2001:db8:7::7')],
  },
  {
    says: 'a prefix holds its first and its last address',
    rule: '{ from: [198.51.100.64/27, "2001:db8:8::/45"] }',
    hits: [
      from4('198.51.100.64'),
      from4('198.51.100.95'),
      from6('2001:db8:8::'),
      from6('2001:db8:f:ffff:ffff:ffff:ffff:ffff'),
    ],
    misses: [
      from4('198.51.100.63'),
      from4('198.51.100.96'),
      from6('2001:db8:7:ffff:ffff:ffff:ffff:ffff'),
      from6('2001:db8:10::'),
    ],
  },
  {
    says: 'a prefix longer than 64 bits looks at both halves',
    rule: '{ from: "2001:db8::a:0:0/96" }',
    hits: [from6('2001:db8::a:0:0'), from6('2001:db8::a:ffff:ffff')],
    misses: [from6('2001:db8::9:ffff:ffff'), from6('2001:db8::b:0:0'), from6('2001:db9::a:0:0')],
  },
  {
    says: 'a range holds both of its ends',
    rule: '{ from: ["198.51.100.9-198.51.101.3", "2001:db8::9-2001:db8::1:3"] }',
    hits: [
      from4('198.51.100.9'),
      from4('198.51.101.3'),
      from6('2001:db8::9'),
      from6('2001:db8::ffff'),
      from6('2001:db8::1:3'),
    ],
    misses: [from4('198.51.100.8'), from4('198.51.101.4'), from6('2001:db8::8'), from6('2001:db8::1:4')],
  },
  {
    says: 'all of a family is none of the other',
    rule: '{ from: 0.0.0.0/0 }',
    hits: [from4('0.0.0.1'), from4('255.255.255.254')],
    misses: [from6('::1'), from6('::ffff:192.0.2.1'), 'arp'],
  },
  {
    says: 'the last address of all is no end to stumble over',
    rule: '{ from: ["255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"] }',
    hits: [from4('255.255.255.255'), from6('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')],
    misses: [from4('0.0.0.0'), from4('255.255.255.254'), from6('::'), from6('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe')],
  },
  {
    says: 'negation is any other address, of the other family too',
    rule: '{ from: "!198.51.100.0/24" }',
    hits: [from4('198.51.99.255'), from4('198.51.101.0'), from6('2001:db8::1')],
    misses: [from4('198.51.100.0'), from4('198.51.100.255'), 'arp'],
  },
  {
    says: 'some but not others',
    rule: '{ from: [10.0.0.0/8, "!10.0.0.1", "2001:db8::/32", "!2001:db8:bad::/48"] }',
    hits: [from4('10.0.0.2'), from6('2001:db8::1')],
    misses: [from4('10.0.0.1'), from4('11.0.0.1'), from6('2001:db8:bad::1'), from6('2001:db9::1')],
  },
  {
    says: 'a set holds what its list has, in both families',
    rule: '{ from: "@few" }',
    hits: [from4('203.0.113.5'), from6('2001:db8:ad::1')],
    misses: [from4('203.0.114.0'), from6('2001:db8:ae::1')],
  },
  {
    says: 'a large set is looked up in a trie, to the same end',
    rule: '{ from: "@many" }',
    hits: [
      from4('10.0.0.0'),
      from4('10.39.0.7'),
      from4('10.2.0.255'),
      from6('2001:db8:0:100::'),
      from6('2001:db8:0:2700::9'),
    ],
    misses: [
      from4('10.0.1.0'),
      from4('10.40.0.0'),
      from4('9.255.255.255'),
      from6('2001:db8:0:101::'),
      from6('2001:db8:0:2800::9'),
    ],
  },
  {
    says: 'not in a set',
    rule: '{ to: ["!@many", "!@few"] }',
    hits: [to4('192.0.2.1'), to6('2001:db9::')],
    misses: [to4('10.7.0.1'), to4('203.0.113.0'), to6('2001:db8:0:700::'), to6('2001:db8:ad::')],
  },
  {
    says: 'a set of one family is none of the other',
    rule: '{ from: "@four" }',
    hits: [from4('192.0.2.200')],
    misses: [from6('::192.0.2.200'), from6('2001:db8::c8')],
  },
];
