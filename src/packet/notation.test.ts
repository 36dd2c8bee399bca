import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../diagnostics/problem.ts';
import type { Packet } from '../generated/abi.ts';
import { buildFrame } from './build.ts';
import { describePacket } from './describe.ts';
import { parseNotation } from './notation.ts';
import { parseFrame } from './parse.ts';
import { describedSpec } from './testing/arbitrary-spec.ts';

const packetOf = (text: string): Packet => parseFrame(buildFrame(parseNotation(text)), { ifindex: 1 });

describe('what is written is what is described', () => {
  test.each([
    'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S length=60',
    'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=SA length=60 ttl=3',
    'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=none length=40',
    'udp [2001:db8::1]:53 > [2001:db8::2]:53 length=48 dscp=46',
    'sctp 10.0.0.1:1 > 10.0.0.2:2 length=100 vlan=7',
    'icmp 198.51.100.7 > 192.0.2.10 echo-request length=84 vlan=3,4',
    'icmp 192.0.2.10 > 198.51.100.7 destination-unreachable code=port-unreachable length=56',
    'icmp6 2001:db8::1 > 2001:db8::2 echo-request length=104',
    'icmp6 fe80::1 > ff02::1 neighbour-solicitation length=48',
    'icmp6 fe80::1 > ff02::1 neighbour-solicitation length=48 ttl=64',
    'icmp6 2001:db8::1 > 2001:db8::2 type=200 code=7 length=48',
    'gre 192.0.2.1 > 192.0.2.2 length=48',
    'esp 2001:db8::1 > 2001:db8::2 length=100',
    'ipip 192.0.2.1 > 192.0.2.2 length=40',
    '253 192.0.2.1 > 192.0.2.2 length=20',
    '1 2001:db8::1 > 2001:db8::2 length=40',
    'tcp 192.0.2.1 > 192.0.2.2 length=84 fragment=later',
    'udp [2001:db8::1]:1 > [2001:db8::2]:2 length=100 fragment=first',
    'arp length=28',
  ])('%s', (text) => {
    expect(describePacket(packetOf(text))).toBe(text);
  });

  test('the description of any packet makes the same packet', () => {
    fc.assert(
      fc.property(describedSpec, (spec) => {
        const packet = parseFrame(buildFrame(spec), { ifindex: 1 });
        const again = packetOf(describePacket(packet));
        expect({ ...again, payloadOffset: 0, l4Offset: 0 }).toEqual({ ...packet, payloadOffset: 0, l4Offset: 0 });
      }),
    );
  });
});

describe('what may be left out', () => {
  test.each([
    ['TCP 198.51.100.7:40000 > 192.0.2.10:22', 'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S length=40'],
    ['tcp 192.0.2.1:1>192.0.2.2:2 flags=s.', 'tcp 192.0.2.1:1 > 192.0.2.2:2 flags=SA length=40'],
    ['icmp 192.0.2.1 > 192.0.2.2', 'icmp 192.0.2.1 > 192.0.2.2 echo-request length=28'],
    ['icmpv6 ::1 > ::2 neighbor-advertisement', 'icmp6 ::1 > ::2 neighbour-advertisement length=48'],
    ['6 [::1]:1 > [::2]:2', 'tcp [::1]:1 > [::2]:2 flags=S length=60'],
    ['arp 192.0.2.1 > 192.0.2.2 vlan=9', 'arp length=28 vlan=9'],
    ['udp 192.0.2.1:1 > 192.0.2.2:2 dscp=AF41', 'udp 192.0.2.1:1 > 192.0.2.2:2 length=28 dscp=34'],
    ['udp 192.0.2.1:1 > 192.0.2.2:2 payload=c0ffee', 'udp 192.0.2.1:1 > 192.0.2.2:2 length=31'],
  ])('%s', (text, described) => {
    expect(describePacket(packetOf(text))).toBe(described);
  });

  test('payload as text keeps its spaces, arrows and quotes', () => {
    const { payload } = parseNotation('udp 192.0.2.1:1 > 192.0.2.2:2 payload="a > \\"b\\" \\\\" ttl=9');
    expect(Buffer.from(payload ?? []).toString()).toBe('a > "b" \\');
  });

  test('the interface is no part of the frame', () => {
    expect(parseNotation('arp interface=eth0').interface).toBe('eth0');
  });
});

/** The problems of `text`, each as `column: message`, with what is under the caret. */
function problemsOf(text: string): string[] {
  try {
    parseNotation(text);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return error.problems.map(({ message, place, help }) => {
      const marked = place?.source.text.slice(place.column - 1, place.column - 1 + place.length);
      return `${marked}: ${message}. ${help}`;
    });
  }
  return [];
}

describe('what is wrong is said, with the word under the caret', () => {
  test.each<[string, ...string[]]>([
    ['', ': the packet is empty. Write one like this: tcp 198.51.100.7:40000 > 192.0.2.10:22'],
    ['tpc 192.0.2.1:1 > 192.0.2.2:2', 'tpc: "tpc" is no protocol. Did you mean tcp?'],
    ['tcp', ': the source address is missing. Write SOURCE > DESTINATION.'],
    ['tcp 192.0.2.1:1 >', ': the destination address is missing. Write SOURCE > DESTINATION.'],
    ['tcp 192.0.2.1:1 192.0.2.2:2', '192.0.2.2:2: a ">" and the destination address should stand here. undefined'],
    [
      'tcp 192.0.2.300:1 > 192.0.2.2:2',
      '192.0.2.300:1: "192.0.2.300" is no IPv4 or IPv6 address. Write it like 192.0.2.10, 2001:db8::1 or [2001:db8::1]:53.',
    ],
    ['tcp 192.0.2.1:ssh > 192.0.2.2:2', '192.0.2.1:ssh: "ssh" is no port. Write a number from 0 to 65535.'],
    ['udp 192.0.2.1:1 > 192.0.2.2:65536', '192.0.2.2:65536: "65536" is no port. Write a number from 0 to 65535.'],
    ['udp ::1 > [::2]:2', '::1: the port is missing. Write [::1]:PORT.'],
    ['icmp 192.0.2.1:1 > 192.0.2.2', '192.0.2.1:1: the protocol has no ports. Write 192.0.2.1.'],
    ['icmp ::1 > ::2', 'icmp: icmp stands with IPv6 addresses. Write icmp6.'],
    ['ah ::1 > ::2', 'ah: 51 is an IPv6 extension header. Write the protocol behind it.'],
    ['gre 192.0.2.1 > ::2', '::2: the addresses are not of one family. Write two IPv4 or two IPv6 addresses.'],
    ['arp ::1 > ::2', 'arp: arp speaks of IPv4 addresses only. Write icmp6.'],
    [
      'tcp 192.0.2.1:1 > 192.0.2.2:2 flgs=S ttl=300 type=3',
      'flgs=S: "flgs" is no option. Did you mean flags?',
      'type=3: type stands with a packet that has none. Leave it out: only icmp (IPv4) or icmp6 (IPv6) has type.',
      'ttl=300: ttl cannot be "300". Write a number from 0 to 255.',
    ],
    [
      'tcp 192.0.2.1:1 > 192.0.2.2:2 flags=Z dscp=fe',
      'flags=Z: flags cannot be "Z". Write letters of SAFRPUEC (SYN, ACK, FIN, RST, PSH, URG, ECE, CWR), or none.',
      'dscp=fe: dscp cannot be "fe". Write a name like ef or af41, or a number from 0 to 63.',
    ],
    ['arp vlan=1 vlan=2', 'vlan=2: vlan is given twice. Leave one of them out.'],
    ['gre 192.0.2.1 > 192.0.2.2 length=23', 'length=23: headers and payload take 24 bytes. Write length=24 or more.'],
    [
      'tcp 192.0.2.1 > 192.0.2.2 fragment=later flags=S',
      'flags=S: a later fragment has no flags. Leave it out, or write fragment=first.',
    ],
    [
      'udp 192.0.2.1:1 > 192.0.2.2:2 payload="x',
      'payload="x: payload cannot be ""x". Write hexadecimal digits, two a byte, or text in quotes.',
    ],
  ])('%s', (text, ...problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test('no text makes it throw anything else', () => {
    const pieces = fc.constantFrom(
      'tcp',
      'icmp6',
      'arp',
      '>',
      '::1',
      '[::1]:1',
      '192.0.2.1:1',
      'flags=',
      'length=9',
      '"',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 8 }).map((words) => words.join(' ')),
    );
    fc.assert(fc.property(text, (written) => problemsOf(written).length >= 0));
  });
});
