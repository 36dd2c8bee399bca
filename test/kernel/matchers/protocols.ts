import { Protocol } from '../../../src/packet/headers.ts';
import { type MatchCase, withHeaders } from './case.ts';

const tcp4 = 'tcp 192.0.2.1:1000 > 192.0.2.10:22';
const tcp6 = 'tcp [2001:db8::1]:1000 > [2001:db8::10]:22';
const udp4 = 'udp 192.0.2.1:1000 > 192.0.2.10:53';
const udp6 = 'udp [2001:db8::1]:1000 > [2001:db8::10]:53';
const ping4 = 'icmp 192.0.2.1 > 192.0.2.10 echo-request';
const ping6 = 'icmp6 2001:db8::1 > 2001:db8::10 echo-request';

export const protocolCases: readonly MatchCase[] = [
  {
    says: 'a protocol is one number in both families',
    rule: '{ protocol: tcp }',
    hits: [tcp4, tcp6],
    misses: [udp4, udp6, ping4, ping6, 'arp'],
  },
  {
    says: 'behind VLAN tags, options and extension headers it is the same protocol',
    rule: '{ protocol: tcp }',
    hits: [
      `${tcp4} vlan=5`,
      `${tcp6} vlan=5,7`,
      withHeaders(tcp4, { ipv4Options: new Uint8Array(40).fill(1) }),
      withHeaders(tcp6, {
        extensions: [{ protocol: Protocol.HOP_BY_HOP }, { protocol: Protocol.ROUTING, length: 24 }],
      }),
      withHeaders(tcp6, { extensions: [{ protocol: Protocol.AH, length: 20 }, { protocol: Protocol.FRAGMENT }] }),
    ],
    misses: [withHeaders(udp6, { extensions: [{ protocol: Protocol.DESTINATION_OPTIONS, length: 16 }] })],
  },
  {
    says: 'icmp is ICMP in IPv4 and ICMPv6 in IPv6, not one within the other',
    rule: '{ protocol: icmp }',
    hits: [ping4, ping6],
    misses: ['58 192.0.2.1 > 192.0.2.10', '1 2001:db8::1 > 2001:db8::10', tcp4, tcp6],
  },
  { says: 'icmpv4 is of IPv4', rule: '{ protocol: icmpv4 }', hits: [ping4], misses: [ping6] },
  { says: 'icmpv6 is of IPv6', rule: '{ protocol: icmpv6 }', hits: [ping6], misses: [ping4] },
  {
    says: 'a list is any of them',
    rule: '{ protocol: [udp, sctp, 47, esp] }',
    hits: [
      udp4,
      udp6,
      'sctp 192.0.2.1:1 > 192.0.2.10:2',
      'sctp [2001:db8::1]:1 > [2001:db8::10]:2',
      'gre 192.0.2.1 > 192.0.2.10',
      'gre 2001:db8::1 > 2001:db8::10',
      'esp 192.0.2.1 > 192.0.2.10',
      'esp 2001:db8::1 > 2001:db8::10',
    ],
    misses: [tcp4, tcp6, ping4],
  },
  {
    says: 'IP in IP goes by the outer header',
    rule: '{ protocol: [ipip, ipv6] }',
    hits: [
      '4 192.0.2.1 > 192.0.2.10',
      '41 192.0.2.1 > 192.0.2.10',
      '4 2001:db8::1 > 2001:db8::10',
      '41 2001:db8::1 > 2001:db8::10',
    ],
    misses: [tcp4, tcp6],
  },
  {
    says: 'not a protocol is any other of IP, which ARP is not',
    rule: '{ protocol: "!tcp" }',
    hits: [udp4, udp6, ping4, ping6, '99 192.0.2.1 > 192.0.2.10'],
    misses: [tcp4, tcp6, 'arp'],
  },
  {
    says: 'arp is asked about only by name',
    rule: '{ protocol: arp }',
    hits: ['arp', 'arp 192.0.2.1 > 192.0.2.2 vlan=4'],
    misses: [tcp4, tcp6],
  },
  {
    says: 'a rule without matches is about all but neighbours, which pass',
    rule: '{}',
    hits: [tcp4, tcp6, ping4, ping6],
    misses: ['arp', 'icmp6 fe80::1 > ff02::1:ff00:10 neighbour-solicitation'],
  },
];

export const icmpCases: readonly MatchCase[] = [
  {
    says: 'a type by name is the right number in each family',
    rule: '{ icmpType: echo-request }',
    hits: [ping4, ping6],
    misses: [
      'icmp 192.0.2.1 > 192.0.2.10 echo-reply',
      'icmp6 2001:db8::1 > 2001:db8::10 echo-reply',
      'icmp 192.0.2.1 > 192.0.2.10 type=128',
      tcp4,
    ],
  },
  {
    says: 'types by number are of the family that is named',
    rule: '{ protocol: icmpv6, icmpType: ["1-4", 128] }',
    hits: ['icmp6 2001:db8::1 > 2001:db8::10 type=1', 'icmp6 2001:db8::1 > 2001:db8::10 type=4', ping6],
    misses: [
      'icmp6 2001:db8::1 > 2001:db8::10 type=5',
      'icmp6 2001:db8::1 > 2001:db8::10 type=0',
      'icmp 192.0.2.1 > 192.0.2.10 type=3',
    ],
  },
  {
    says: 'any but a type',
    rule: '{ protocol: icmp, icmpType: "!echo-request" }',
    hits: ['icmp 192.0.2.1 > 192.0.2.10 echo-reply', 'icmp6 2001:db8::1 > 2001:db8::10 echo-reply'],
    misses: [ping4, ping6, udp4],
  },
  {
    says: 'a code by name implies its type, in each family',
    rule: '{ icmpCode: port-unreachable }',
    hits: ['icmp 192.0.2.1 > 192.0.2.10 type=3 code=3', 'icmp6 2001:db8::1 > 2001:db8::10 type=1 code=4'],
    misses: [
      'icmp 192.0.2.1 > 192.0.2.10 type=3 code=4',
      'icmp 192.0.2.1 > 192.0.2.10 type=5 code=3',
      'icmp6 2001:db8::1 > 2001:db8::10 type=1 code=3',
    ],
  },
  {
    says: 'a code by number is of any type',
    rule: '{ protocol: icmp, icmpCode: "1-2" }',
    hits: ['icmp 192.0.2.1 > 192.0.2.10 type=3 code=1', 'icmp6 2001:db8::1 > 2001:db8::10 type=4 code=2'],
    misses: [ping4, ping6, 'icmp6 2001:db8::1 > 2001:db8::10 type=4 code=3'],
  },
  {
    says: 'neighbour discovery is asked about by the type, and only where no router can have forged it',
    rule: '{ icmpType: neighbour-solicitation }',
    hits: [
      'icmp6 fe80::1 > ff02::1:ff00:10 neighbour-solicitation',
      'icmp6 fe80::1 > ff02::1:ff00:10 neighbour-solicitation ttl=64',
    ],
    misses: ['icmp6 fe80::1 > ff02::1 neighbour-advertisement', 'arp'],
  },
  {
    says: 'without its hop limit of 255 it is ICMPv6 like any other',
    rule: '{ protocol: icmpv6 }',
    hits: [
      'icmp6 fe80::1 > ff02::1:ff00:10 neighbour-solicitation ttl=254',
      'icmp6 fe80::1 > ff02::2 router-solicitation code=1',
    ],
    misses: [
      'icmp6 fe80::1 > ff02::1:ff00:10 neighbour-solicitation',
      'icmp6 fe80::1 > ff02::2 router-solicitation',
      'icmp6 fe80::1 > ff02::1 redirect',
    ],
  },
];
