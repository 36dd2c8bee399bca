import { expect, test } from 'vitest';
import { checkedRule } from './testing/checked.ts';

const both = (...ranges: [number, number][]) => ({ v4: ranges, v6: ranges });
const tcp = { ...both([6, 6]), arp: false };
const withPorts = { ...both([6, 6], [17, 17], [132, 132]), arp: false };
const icmp = { v4: [[1, 1]], v6: [[58, 58]], arp: false };
const icmpv4 = { v4: [[1, 1]], v6: [], arp: false };
const icmpv6 = { v4: [], v6: [[58, 58]], arp: false };

test.each<[what: string, rule: object, match: object]>([
  ['a protocol by name', { protocol: 'TCP' }, { protocol: tcp }],
  ['a protocol by number', { protocol: 6 }, { protocol: tcp }],
  ['a protocol by number in a text', { protocol: '6' }, { protocol: tcp }],
  ['icmp is that of each family', { protocol: 'icmp' }, { protocol: icmp }],
  ['icmpv6 is of IPv6 only', { protocol: 'icmpv6' }, { protocol: icmpv6 }],
  ['arp', { protocol: 'arp' }, { protocol: { ...both(), arp: true } }],
  [
    'not tcp: any other IP packet, not ARP',
    { protocol: '!tcp' },
    { protocol: { ...both([0, 5], [7, 255]), arp: false } },
  ],
  [
    'not icmp, in each family its own',
    { protocol: '!icmp' },
    {
      protocol: {
        v4: [
          [0, 0],
          [2, 255],
        ],
        v6: [
          [0, 57],
          [59, 255],
        ],
        arp: false,
      },
    },
  ],
  [
    'protocols in a list',
    { protocol: ['udp', 'tcp', 47] },
    { protocol: { ...both([6, 6], [17, 17], [47, 47]), arp: false } },
  ],

  ['a port implies the protocols with ports', { port: 22 }, { port: [[22, 22]], protocol: withPorts }],
  ['a source port too', { fromPort: 53 }, { fromPort: [[53, 53]], protocol: withPorts }],
  ['a port of a protocol', { port: 22, protocol: 'tcp' }, { port: [[22, 22]], protocol: tcp }],
  [
    'a port of any protocol but one',
    { port: 22, protocol: '!udp' },
    { port: [[22, 22]], protocol: { ...both([6, 6], [132, 132]), arp: false } },
  ],
  ['a range of ports', { port: '8000-8100' }, { port: [[8000, 8100]], protocol: withPorts }],
  ['blanks in ranges', { port: ' 8000 - 8100 ' }, { port: [[8000, 8100]], protocol: withPorts }],
  [
    'ports that touch become one range',
    { port: [82, '80-81', 443, 83] },
    {
      port: [
        [80, 83],
        [443, 443],
      ],
      protocol: withPorts,
    },
  ],
  [
    'a set of ports',
    { port: '@web' },
    {
      port: [
        [80, 80],
        [443, 443],
        [8000, 8100],
      ],
      protocol: withPorts,
    },
  ],
  [
    'not a port',
    { port: '!22' },
    {
      port: [
        [0, 21],
        [23, 65535],
      ],
      protocol: withPorts,
    },
  ],
  [
    'not a set',
    { port: '! @web' },
    {
      port: [
        [0, 79],
        [81, 442],
        [444, 7999],
        [8101, 65535],
      ],
      protocol: withPorts,
    },
  ],
  [
    'some ports without others',
    { port: ['0-1023', '!22', '!@web'] },
    {
      port: [
        [0, 21],
        [23, 79],
        [81, 442],
        [444, 1023],
      ],
      protocol: withPorts,
    },
  ],

  ['flags', { tcpFlags: ['syn', '!ack'] }, { tcpFlags: { mask: 0x12, value: 0x02 }, protocol: tcp }],
  ['one flag', { tcpFlags: '!RST' }, { tcpFlags: { mask: 0x04, value: 0 }, protocol: tcp }],

  [
    'an ICMP type in both families',
    { icmpType: 'echo-request' },
    { icmpType: { v4: [[8, 8]], v6: [[128, 128]] }, protocol: icmp },
  ],
  [
    'an ICMP type of one family',
    { icmpType: 'neighbor-solicitation' },
    { icmpType: { v4: [], v6: [[135, 135]] }, protocol: icmpv6 },
  ],
  [
    'in the other spelling',
    { icmpType: 'neighbour-solicitation', protocol: 'icmp' },
    { icmpType: { v4: [], v6: [[135, 135]] }, protocol: icmpv6 },
  ],
  [
    'an ICMP type by number',
    { icmpType: 8, protocol: 'icmpv4' },
    { icmpType: { v4: [[8, 8]], v6: [] }, protocol: icmpv4 },
  ],
  [
    'ICMP types by range',
    { icmpType: '128-129', protocol: 'icmpv6' },
    { icmpType: { v4: [], v6: [[128, 129]] }, protocol: icmpv6 },
  ],
  [
    'not an ICMP type',
    { icmpType: '!redirect' },
    {
      icmpType: {
        v4: [
          [0, 4],
          [6, 255],
        ],
        v6: [
          [0, 136],
          [138, 255],
        ],
      },
      protocol: icmp,
    },
  ],
  [
    'not a type of IPv6: all of IPv4',
    { icmpType: '!packet-too-big' },
    {
      icmpType: {
        v4: [[0, 255]],
        v6: [
          [0, 1],
          [3, 255],
        ],
      },
      protocol: icmp,
    },
  ],
  [
    'an ICMP code by name, with its type',
    { icmpCode: 'port-unreachable' },
    { icmpCode: { v4: [[3, 3]], v6: [[4, 4]] }, icmpType: { v4: [[3, 3]], v6: [[1, 1]] }, protocol: icmp },
  ],
  [
    'an ICMP code of one family',
    { icmpCode: 'fragmentation-needed' },
    { icmpCode: { v4: [[4, 4]], v6: [] }, icmpType: { v4: [[3, 3]], v6: [] }, protocol: icmpv4 },
  ],
  [
    'an ICMP code by number',
    { icmpType: 'echo-request', icmpCode: 0 },
    { icmpCode: both([0, 0]), icmpType: { v4: [[8, 8]], v6: [[128, 128]] }, protocol: icmp },
  ],
  [
    'a code narrows the types',
    { icmpType: ['time-exceeded', 'destination-unreachable'], icmpCode: 'port-unreachable' },
    { icmpCode: { v4: [[3, 3]], v6: [[4, 4]] }, icmpType: { v4: [[3, 3]], v6: [[1, 1]] }, protocol: icmp },
  ],
  [
    'codes by name, one of them in IPv4 only',
    { icmpCode: ['port-unreachable', 'protocol-unreachable'] },
    {
      icmpCode: { v4: [[2, 3]], v6: [[4, 4]] },
      icmpType: { v4: [[3, 3]], v6: [[1, 1]] },
      protocol: icmp,
    },
  ],
  [
    'a code in IPv6 only',
    { protocol: 'icmpv6', icmpCode: 'port-unreachable' },
    { icmpCode: { v4: [], v6: [[4, 4]] }, icmpType: { v4: [], v6: [[1, 1]] }, protocol: icmpv6 },
  ],

  ['a length', { length: '!0-99' }, { length: [[100, 0xffff_ffff]] }],
  [
    'a hop limit',
    { ttl: [255, '0-4'] },
    {
      ttl: [
        [0, 4],
        [255, 255],
      ],
    },
  ],
  [
    'a DSCP by name',
    { dscp: ['ef', 'AF11', 'cs7', 1] },
    {
      dscp: [
        [1, 1],
        [10, 10],
        [46, 46],
        [56, 56],
      ],
    },
  ],
  [
    'a VLAN',
    { vlan: '!100' },
    {
      vlan: [
        [0, 99],
        [101, 4095],
      ],
    },
  ],
  ['any fragment', { fragment: true }, { fragment: 'any' }],
  ['no fragment', { fragment: false }, { fragment: 'none' }],
  ['a later fragment', { fragment: 'later' }, { fragment: 'later' }],
  ['an interface', { interface: 'eth1' }, { interface: { any: ['eth1'], none: [] } }],
  ['not an interface', { interface: '!eth1' }, { interface: { any: ['eth0'], none: [] } }],
  ['a glob', { interface: 'eth*' }, { interface: { any: ['eth*'], none: [] } }],
  ['a glob but for some', { interface: ['eth*', '!eth1'] }, { interface: { any: ['eth*'], none: ['eth1'] } }],
  ['not what a glob stands for', { interface: '!*1' }, { interface: { any: ['eth0'], none: [] } }],
  [
    'payload as hex',
    { payload: { bytes: '0x4745:54 20' } },
    {
      payload: {
        base: 'payload',
        offset: 0,
        bytes: Uint8Array.of(0x47, 0x45, 0x54, 0x20),
        mask: Uint8Array.of(255, 255, 255, 255),
      },
    },
  ],
  [
    'payload as text, masked',
    { payload: { at: 'transport', offset: 13, text: 'é', mask: 'ff 0f' } },
    { payload: { base: 'transport', offset: 13, bytes: Uint8Array.of(0xc3, 0xa9), mask: Uint8Array.of(0xff, 0x0f) } },
  ],
])('%s', (_what, keys, match) => {
  expect(checkedRule(keys).match).toEqual(match);
});

const literal = (lo: number, hi: number) => ({
  kind: 'ranges',
  ranges: { v4: Uint32Array.of(lo, hi), v6: new BigUint64Array(0) },
});

test.each<[what: string, from: string | string[], match: object]>([
  ['an address', '10.0.0.1', { any: [literal(0x0a000001, 0x0a000001)], none: [] }],
  ['a set', '@admins', { any: [{ kind: 'set', set: 'admins' }], none: [] }],
  [
    'literals of a list become one operand',
    ['10.0.0.1', '10.0.0.0', '@admins'],
    { any: [{ kind: 'set', set: 'admins' }, literal(0x0a000000, 0x0a000001)], none: [] },
  ],
  [
    'negation',
    ['10.0.0.0/8', '!10.0.0.1', '!@admins'],
    { any: [literal(0x0a000000, 0x0affffff)], none: [{ kind: 'set', set: 'admins' }, literal(0x0a000001, 0x0a000001)] },
  ],
  ['nothing but negation', '!10.0.0.1', { any: [], none: [literal(0x0a000001, 0x0a000001)] }],
])('from: %s', (_what, from, match) => {
  expect(checkedRule({ from }).match).toEqual({ from: match });
});
