import { Protocol } from '../../../src/packet/headers.ts';
import { type MatchCase, withHeaders } from './case.ts';

const udp4 = 'udp 192.0.2.1:1 > 192.0.2.10:2';
const udp6 = 'udp [2001:db8::1]:1 > [2001:db8::10]:2';

export const networkCases: readonly MatchCase[] = [
  {
    says: 'length is that of the IP packet, header included, padding of the frame not',
    rule: '{ length: 100-200 }',
    hits: [`${udp4} length=100`, `${udp6} length=100`, `${udp4} length=200 vlan=9`, `${udp6} length=150`],
    misses: [`${udp4} length=99`, `${udp6} length=99`, `${udp4} length=201`, `${udp6} length=201`],
  },
  {
    says: 'several lengths',
    rule: '{ length: [40, 60] }',
    hits: [`${udp4} length=40`, `${udp6} length=60`],
    misses: [`${udp4} length=50`, `${udp6} length=61`],
  },
  {
    says: 'ttl is the TTL of IPv4 and the hop limit of IPv6',
    rule: '{ ttl: [0-4, 255] }',
    hits: [`${udp4} ttl=0`, `${udp6} ttl=4`, `${udp6} ttl=255`],
    misses: [udp4, udp6, `${udp4} ttl=5`, `${udp6} ttl=254`, 'arp'],
  },
  {
    says: 'dscp by name and number, the two bits behind it left alone',
    rule: '{ dscp: [ef, af41, 1] }',
    hits: [`${udp4} dscp=46`, `${udp6} dscp=46`, `${udp6} dscp=34`, `${udp4} dscp=1`],
    misses: [udp4, udp6, `${udp6} dscp=2`, `${udp4} dscp=63`],
  },
  {
    says: 'any but a code point is an IP packet all the same',
    rule: '{ dscp: "!0" }',
    hits: [`${udp4} dscp=1`, `${udp6} dscp=63`],
    misses: [udp4, udp6, 'arp'],
  },
  {
    says: 'vlan is the id of the outer tag',
    rule: '{ vlan: [100, 4000-4095] }',
    hits: [`${udp4} vlan=100`, `${udp6} vlan=4095`, `${udp6} vlan=100,5`, `${udp4} vlan=4000,100`],
    misses: [udp4, udp6, `${udp4} vlan=5,100`, `${udp6} vlan=3999`],
  },
  {
    says: 'an untagged packet has no VLAN, negated or not',
    rule: '{ vlan: "!100" }',
    hits: [`${udp4} vlan=0`, `${udp6} vlan=101`],
    misses: [udp4, udp6, `${udp6} vlan=100`],
  },
  {
    says: 'a fragment is the first or a later one',
    rule: '{ fragment: true }',
    hits: [
      `${udp4} fragment=first`,
      `${udp6} fragment=first`,
      'udp 192.0.2.1 > 192.0.2.10 fragment=later',
      'udp 2001:db8::1 > 2001:db8::10 fragment=later',
    ],
    misses: [udp4, udp6],
  },
  {
    says: 'the first fragment',
    rule: '{ fragment: first }',
    hits: [`${udp4} fragment=first`, `${udp6} fragment=first`],
    misses: [udp4, udp6, 'udp 192.0.2.1 > 192.0.2.10 fragment=later', 'udp 2001:db8::1 > 2001:db8::10 fragment=later'],
  },
  {
    says: 'a later fragment',
    rule: '{ fragment: later }',
    hits: ['udp 192.0.2.1 > 192.0.2.10 fragment=later', 'udp 2001:db8::1 > 2001:db8::10 fragment=later'],
    misses: [udp4, udp6, `${udp4} fragment=first`],
  },
  {
    says: 'a whole packet, also where a fragment header says so (RFC 6946)',
    rule: '{ fragment: false }',
    hits: [udp4, udp6, withHeaders(udp6, { extensions: [{ protocol: Protocol.FRAGMENT }] })],
    misses: [
      `${udp4} fragment=first`,
      `${udp6} fragment=first`,
      'udp 2001:db8::1 > 2001:db8::10 fragment=later',
      'arp',
    ],
  },
  {
    says: 'an interface by name',
    rule: '{ interface: eth1 }',
    hits: [`${udp4} interface=eth1`, `${udp6} interface=eth1`],
    misses: [`${udp4} interface=eth0`, `${udp6} interface=eth2`, udp4],
  },
  {
    says: "any but an interface is one of the policy's others",
    rule: '{ interface: "!eth1" }',
    hits: [`${udp4} interface=eth0`, `${udp6} interface=eth2`],
    misses: [`${udp4} interface=eth1`, `${udp6} interface=eth1`],
  },
  {
    says: 'interfaces by a glob',
    rule: '{ interface: "eth[12]" }',
    hits: [`${udp4} interface=eth1`, `${udp6} interface=eth2`],
    misses: [`${udp4} interface=eth0`, `${udp6} interface=eth3`, udp4],
  },
  {
    says: 'interfaces by a glob but for one',
    rule: '{ interface: ["eth*", "!eth1"] }',
    hits: [`${udp4} interface=eth0`, `${udp6} interface=eth2`],
    misses: [`${udp4} interface=eth1`, `${udp6} interface=wg0`, udp4],
  },
];

export const filterCases: readonly MatchCase[] = [
  {
    says: 'a tcpdump expression',
    rule: '{ filter: "udp dst port 2" }',
    hits: [udp4, udp6],
    misses: ['udp 192.0.2.1:2 > 192.0.2.10:1', 'tcp 192.0.2.1:1 > 192.0.2.10:2', 'arp'],
  },
  {
    says: 'an expression is one more match',
    rule: '{ protocol: udp, port: 2, filter: "greater 100" }',
    hits: [`${udp4} length=100`, `${udp6} length=86`],
    misses: [`${udp4} length=85`, udp6, 'tcp 192.0.2.1:1 > 192.0.2.10:2 length=100'],
  },
  {
    says: 'a load at a place that another load tells',
    rule: '{ filter: "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420" }',
    hits: [
      'tcp 192.0.2.1:1 > 192.0.2.10:80 flags=PA payload="GET /"',
      withHeaders('tcp 192.0.2.1:1 > 192.0.2.10:80 flags=PA payload="GET /"', {
        tcpOptions: new Uint8Array(20).fill(1),
      }),
    ],
    misses: [
      'tcp 192.0.2.1:1 > 192.0.2.10:80 flags=PA payload="GET"',
      'tcp 192.0.2.1:1 > 192.0.2.10:80 flags=PA payload="PUT /"',
    ],
  },
];

export const severalCases: readonly MatchCase[] = [
  {
    says: 'a rule is hit when all of its matches are true',
    rule: '{ protocol: tcp, from: ["198.51.100.0/24", "2001:db8::/32"], port: 22, tcpFlags: [syn, "!ack"], ttl: 64-255, vlan: 7 }',
    hits: [
      'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S vlan=7',
      'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=S vlan=7',
    ],
    misses: [
      'tcp 198.51.101.7:40000 > 192.0.2.10:22 flags=S vlan=7',
      'tcp 198.51.100.7:40000 > 192.0.2.10:23 flags=S vlan=7',
      'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=SA vlan=7',
      'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=S vlan=7 ttl=63',
      'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=S vlan=8',
      'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=S',
      'udp [2001:db8::7]:40000 > [2001:db8::10]:22 vlan=7',
    ],
  },
];
