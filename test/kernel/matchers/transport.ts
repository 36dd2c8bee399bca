import { type MatchCase, withHeaders } from './case.ts';

const tcp4 = (port: number, flags = 'S'): string => `tcp 192.0.2.1:1000 > 192.0.2.10:${port} flags=${flags}`;
const tcp6 = (port: number, flags = 'S'): string => `tcp [2001:db8::1]:1000 > [2001:db8::10]:${port} flags=${flags}`;
const udp4 = (port: number): string => `udp 192.0.2.1:1000 > 192.0.2.10:${port}`;
const udp6 = (port: number): string => `udp [2001:db8::1]:1000 > [2001:db8::10]:${port}`;
const sctp6 = (port: number): string => `sctp [2001:db8::1]:1000 > [2001:db8::10]:${port}`;

export const portCases: readonly MatchCase[] = [
  {
    says: 'port is the destination port of TCP, UDP and SCTP',
    rule: '{ port: 53 }',
    hits: [tcp4(53), tcp6(53), udp4(53), udp6(53), sctp6(53)],
    misses: [
      tcp4(54),
      udp6(52),
      'udp 192.0.2.1:53 > 192.0.2.10:1000',
      'icmp 192.0.2.1 > 192.0.2.10 echo-request',
      'arp',
    ],
  },
  {
    says: 'fromPort is the source port',
    rule: '{ protocol: udp, fromPort: 53 }',
    hits: ['udp 192.0.2.1:53 > 192.0.2.10:1000', 'udp [2001:db8::1]:53 > [2001:db8::10]:1000'],
    misses: [udp4(53), udp6(53), 'tcp 192.0.2.1:53 > 192.0.2.10:1000'],
  },
  {
    says: 'a range holds both of its ends',
    rule: '{ protocol: tcp, port: 8000-8100 }',
    hits: [tcp4(8000), tcp6(8050), tcp4(8100)],
    misses: [tcp4(7999), tcp6(8101), udp4(8050)],
  },
  {
    says: 'the first and the last port',
    rule: '{ port: [0, 65535] }',
    hits: [tcp4(0), udp6(65535)],
    misses: [tcp4(1), udp6(65534)],
  },
  {
    says: 'negation is any other port of a protocol that has ports',
    rule: '{ port: ["!22", "!8000-8100"] }',
    hits: [tcp4(21), udp6(23), tcp4(7999), sctp6(8101)],
    misses: [tcp4(22), udp6(8000), 'icmp 192.0.2.1 > 192.0.2.10 echo-request', '99 2001:db8::1 > 2001:db8::10'],
  },
  {
    says: 'a set of ports',
    rule: '{ port: "@web" }',
    hits: [tcp4(80), udp6(443), tcp6(8099)],
    misses: [tcp4(81), udp6(442), tcp6(8101)],
  },
  {
    says: 'a large set of ports is a bitmap, to the same end',
    rule: '{ port: "@wide" }',
    hits: [tcp4(0), udp6(3), tcp6(297)],
    misses: [tcp4(1), udp6(4), tcp6(300)],
  },
  {
    says: 'the first fragment has ports, a later one has none, negated or not',
    rule: '{ port: "!22" }',
    hits: ['udp 192.0.2.1:1 > 192.0.2.10:53 fragment=first', 'udp [2001:db8::1]:1 > [2001:db8::10]:53 fragment=first'],
    misses: ['udp 192.0.2.1 > 192.0.2.10 fragment=later', 'udp 2001:db8::1 > 2001:db8::10 fragment=later'],
  },
];

export const tcpFlagCases: readonly MatchCase[] = [
  {
    says: 'a flag that must be set',
    rule: '{ tcpFlags: syn }',
    hits: [tcp4(1, 'S'), tcp6(1, 'SA'), tcp4(1, 'SEC')],
    misses: [tcp4(1, 'A'), tcp6(1, 'none'), udp4(1)],
  },
  {
    says: 'set and unset together: the first packet of a connection',
    rule: '{ tcpFlags: [syn, "!ack"] }',
    hits: [tcp4(1, 'S'), tcp6(1, 'SE')],
    misses: [tcp4(1, 'SA'), tcp6(1, 'A'), tcp4(1, 'R')],
  },
  {
    says: 'none at all of six',
    rule: '{ tcpFlags: ["!fin", "!syn", "!rst", "!psh", "!ack", "!urg"] }',
    hits: [tcp4(1, 'none'), tcp6(1, 'EC')],
    misses: [tcp4(1, 'F'), tcp6(1, 'U'), 'sctp 192.0.2.1:1 > 192.0.2.10:1'],
  },
  {
    says: 'each flag is a bit of its own',
    rule: '{ tcpFlags: [fin, psh, urg, cwr, "!ece"] }',
    hits: [tcp4(1, 'FPUC'), tcp6(1, 'FSRPAUC')],
    misses: [tcp4(1, 'FPU'), tcp6(1, 'FPUEC'), tcp4(1, 'PUC')],
  },
];

export const payloadCases: readonly MatchCase[] = [
  {
    says: 'text behind the transport header, options or not',
    rule: '{ payload: { text: "GET " } }',
    hits: [
      `${tcp4(80, 'PA')} payload="GET / HTTP/1.1"`,
      `${tcp6(80, 'PA')} payload="GET "`,
      `${udp4(80)} payload="GET /"`,
      withHeaders(`${tcp4(80, 'PA')} payload="GET /"`, { tcpOptions: new Uint8Array(40).fill(1) }),
      withHeaders(`${tcp6(80, 'PA')} payload="GET /"`, { extensions: [{ protocol: 0, length: 16 }] }),
    ],
    misses: [`${tcp4(80, 'PA')} payload="GET"`, `${tcp6(80, 'PA')} payload="PUT /"`, tcp4(80), 'arp'],
  },
  {
    says: 'bytes at an offset, with a mask',
    rule: '{ payload: { offset: 2, bytes: "80 01", mask: "80 0f" } }',
    hits: [`${udp4(53)} payload=1234f5a1`, `${udp6(53)} payload=00008011ff`],
    misses: [`${udp4(53)} payload=123475a1`, `${udp6(53)} payload=0000801f`, `${udp4(53)} payload=123480`],
  },
  {
    says: 'sixty-four bytes at once',
    rule: `{ payload: { bytes: "${'0102030405060708'.repeat(8)}" } }`,
    hits: [`${udp4(1)} payload=${'0102030405060708'.repeat(8)}`, `${udp6(1)} payload=${'0102030405060708'.repeat(9)}`],
    misses: [
      `${udp4(1)} payload=${'0102030405060708'.repeat(7)}01020304050607`,
      `${udp6(1)} payload=${'0102030405060708'.repeat(7)}0102030405060709`,
    ],
  },
  {
    says: 'from the IP header on',
    rule: '{ payload: { at: network, offset: 9, bytes: "11" } }',
    hits: [udp4(1), `${udp4(1)} vlan=1,2`],
    misses: [tcp4(1)],
  },
  {
    says: 'from the transport header on, behind options and extension headers',
    rule: '{ payload: { at: transport, offset: 2, bytes: "1f 90" } }',
    hits: [
      tcp4(8080),
      udp6(8080),
      withHeaders(udp6(8080), { extensions: [{ protocol: 60, length: 24 }] }),
      withHeaders(tcp4(8080), { ipv4Options: new Uint8Array(8).fill(1) }),
    ],
    misses: [tcp4(8081), udp6(8079)],
  },
  {
    says: "from the frame's first byte on",
    rule: '{ payload: { at: frame, offset: 12, bytes: "81 00 00 05" } }',
    hits: [`${udp4(1)} vlan=5`, `${udp6(1)} vlan=5`],
    misses: [udp4(1), `${udp6(1)} vlan=6`],
  },
];
