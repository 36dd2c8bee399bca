import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fragment, Trait } from '../generated/abi.ts';
import { addressBytes, parseAddress } from './address.ts';
import { buildFrame } from './build.ts';
import { concat } from './bytes.ts';
import { crc32c, internetChecksum } from './checksum.ts';
import { Protocol } from './headers.ts';
import { parseFrame } from './parse.ts';
import { headersLength, type PacketSpec } from './spec.ts';
import { packetSpec } from './testing/arbitrary-spec.ts';

function addresses(src: string, dst: string): Pick<PacketSpec, 'src' | 'dst'> {
  const [from, to] = [parseAddress(src), parseAddress(dst)];
  if (from === undefined || to === undefined) throw new Error('no address');
  return { src: from, dst: to };
}

const hello = new TextEncoder().encode('hello');

/** Checksums and fields of these were read by tshark and tcpdump, and found right. */
const outside: readonly [string, PacketSpec, string][] = [
  [
    'TCP over IPv4',
    { ...addresses('198.51.100.7', '192.0.2.10'), protocol: Protocol.TCP, srcPort: 40000, dstPort: 22 },
    '0200000000020200000000010800 450000280000000040068e8bc6336407c000020a 9c40001600000001000000005002ffff27460000',
  ],
  [
    'UDP over IPv6 behind two VLAN tags',
    {
      ...addresses('2001:db8::1', '2001:db8::2'),
      protocol: Protocol.UDP,
      srcPort: 53,
      dstPort: 53,
      payload: hello,
      vlan: 10,
      vlanInner: 20,
    },
    `020000000002020000000001 88a8000a 81000014 86dd 60000000000d1140 20010db8000000000000000000000001
     20010db8000000000000000000000002 00350035000d6023 68656c6c6f`,
  ],
  [
    'neighbour solicitation',
    { ...addresses('2001:db8::1', '2001:db8::2'), protocol: Protocol.ICMPV6, icmpType: 135 },
    `020000000002020000000001 86dd 6000000000083aff 20010db8000000000000000000000001
     20010db8000000000000000000000002 87001d4800000000`,
  ],
  [
    'the first fragment of TCP over IPv6',
    { ...addresses('::1', '::2'), protocol: Protocol.TCP, srcPort: 1, dstPort: 2, fragment: 'first' },
    `020000000002020000000001 86dd 60000000001c2c40 00000000000000000000000000000001
     00000000000000000000000000000002 0600000100000000 0001000200000001000000005002ffffafdc0000`,
  ],
  [
    'ARP',
    { ...addresses('192.0.2.1', '192.0.2.2'), protocol: 'arp' },
    '020000000002020000000001 0806 0001080006040001 020000000001 c0000201 000000000000 c0000202',
  ],
];

test.each(outside)('%s is built as others read it', (_name, spec, expected) => {
  expect(Buffer.from(buildFrame(spec)).toString('hex')).toBe(expected.replace(/\s/g, ''));
});

test('every header field that a packet is built with is parsed from it', () => {
  fc.assert(
    fc.property(packetSpec, (spec) => {
      const packet = parseFrame(buildFrame(spec), { ifindex: 7 });
      const later = spec.fragment === 'later';
      expect(packet).toMatchObject({
        rule: 0,
        ifindex: 7,
        family: spec.src.family,
        protocol: spec.protocol,
        srcHi: spec.src.hi,
        srcLo: spec.src.lo,
        dstHi: spec.dst.hi,
        dstLo: spec.dst.lo,
        srcPort: spec.srcPort ?? 0,
        dstPort: spec.dstPort ?? 0,
        tcpFlags: spec.tcpFlags ?? (spec.protocol === Protocol.TCP && !later ? 2 : 0),
        dscp: spec.dscp ?? 0,
        vlan: spec.vlan ?? 0,
        vlanInner: spec.vlanInner ?? 0,
        length: spec.length ?? headersLength(spec) + (spec.payload?.length ?? 0),
        fragment: { none: Fragment.NONE, first: Fragment.FIRST, later: Fragment.LATER }[spec.fragment ?? 'none'],
      });
      if (spec.ttl !== undefined) expect(packet.ttl).toBe(spec.ttl);
      if (packet.traits & Trait.ICMP) expect(packet).toMatchObject({ icmpCode: spec.icmpCode ?? 0 });
      expect(packet.payloadOffset - packet.l3Offset).toBe(headersLength(spec));
    }),
  );
});

test('every checksum is right', () => {
  fc.assert(
    fc.property(packetSpec, (spec) => {
      const frame = buildFrame(spec);
      const { family, l3Offset, l4Offset, protocol, fragment } = parseFrame(frame, { ifindex: 1 });
      if (family === 4) {
        const headerLength = ((frame[l3Offset] ?? 0) & 0xf) * 4;
        expect(internetChecksum(frame.subarray(l3Offset, l3Offset + headerLength))).toBe(0);
      }
      if (fragment === Fragment.LATER) return;
      const segment = frame.slice(l4Offset);
      if (protocol === Protocol.ICMP && family === 4) expect(internetChecksum(segment)).toBe(0);
      if (protocol === Protocol.SCTP) {
        const view = new DataView(segment.buffer);
        const sum = view.getUint32(8, true);
        view.setUint32(8, 0);
        expect(crc32c(segment)).toBe(sum);
      }
      if (protocol === Protocol.TCP || protocol === Protocol.UDP || (protocol === Protocol.ICMPV6 && family === 6)) {
        const pseudo = new Uint8Array(8);
        new DataView(pseudo.buffer).setUint32(0, segment.length);
        pseudo[7] = protocol;
        expect(internetChecksum(concat(addressBytes(spec.src), addressBytes(spec.dst), pseudo), segment)).toBe(0);
      }
    }),
  );
});

test('a UDP checksum that comes out as zero is sent as 0xffff', () => {
  const everythingElseSumsTo0xffff = { srcPort: 0xffff - 8 - 8 - Protocol.UDP, dstPort: 0 };
  const spec: PacketSpec = {
    ...addresses('0.0.0.0', '0.0.0.0'),
    protocol: Protocol.UDP,
    ...everythingElseSumsTo0xffff,
  };
  const frame = buildFrame(spec);
  const { l4Offset } = parseFrame(frame, { ifindex: 1 });
  expect(frame.subarray(l4Offset + 6, l4Offset + 8)).toEqual(Uint8Array.of(0xff, 0xff));
});

test('neighbour discovery has a hop limit of 255 of its own accord', () => {
  const spec: PacketSpec = { ...addresses('fe80::1', 'ff02::1'), protocol: 58, icmpType: 135 };
  const packet = parseFrame(buildFrame(spec), { ifindex: 1 });
  expect(packet.ttl).toBe(255);
  expect(packet.traits & Trait.NEIGHBOUR).toBeTruthy();
});

test('a length without room for headers and payload is refused', () => {
  const spec: PacketSpec = { ...addresses('192.0.2.1', '192.0.2.2'), protocol: 6, length: 39 };
  expect(() => buildFrame(spec)).toThrow(new RangeError('headers and payload of 40 bytes in a packet of 39'));
});
