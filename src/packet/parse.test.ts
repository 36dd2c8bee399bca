import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fragment, type Packet, Reason, reasonNames, Trait } from '../generated/abi.ts';
import { type Address, parseAddress } from './address.ts';
import { buildFrame } from './build.ts';
import { concat } from './bytes.ts';
import { Protocol } from './headers.ts';
import { parseFrame } from './parse.ts';
import type { PacketSpec } from './spec.ts';
import { packetSpec } from './testing/arbitrary-spec.ts';

const parse = (frame: Uint8Array, frameLength?: number): Packet =>
  parseFrame(frame, frameLength === undefined ? { ifindex: 1 } : { ifindex: 1, frameLength });

const reasonOf = (packet: Packet): string | undefined => reasonNames[packet.rule];

function address(text: string): Address {
  const known = parseAddress(text);
  if (known === undefined) throw new Error(`no address: ${text}`);
  return known;
}

const v4 = { src: address('198.51.100.7'), dst: address('192.0.2.10') };
const v6 = { src: address('2001:db8::7'), dst: address('2001:db8::10') };
const tcp4: PacketSpec = { ...v4, protocol: Protocol.TCP, srcPort: 40000, dstPort: 22 };
const tcp6: PacketSpec = { ...v6, protocol: Protocol.TCP, srcPort: 40000, dstPort: 22 };

/** The frame with bytes replaced, from `offset` on. */
function patched(spec: PacketSpec, offset: number, ...bytes: number[]): Uint8Array {
  const frame = buildFrame(spec);
  frame.set(bytes, offset);
  return frame;
}

describe('headers cut short', () => {
  const cases: readonly [string, PacketSpec, number][] = [
    ['truncated-ethernet', tcp4, 13],
    ['truncated-vlan', { ...tcp4, vlan: 1 }, 17],
    ['truncated-vlan', { ...tcp4, vlan: 1, vlanInner: 2 }, 21],
    ['truncated-arp', { ...v4, protocol: 'arp' }, 14 + 27],
    ['truncated-ipv4', tcp4, 14 + 19],
    ['truncated-ipv4', { ...tcp4, ipv4Options: new Uint8Array(8) }, 14 + 27],
    ['truncated-ipv6', tcp6, 14 + 39],
    ['truncated-extension', { ...tcp6, extensions: [{ protocol: Protocol.ROUTING }] }, 14 + 47],
    ['truncated-tcp', tcp4, 14 + 39],
    ['truncated-udp', { ...v4, protocol: Protocol.UDP }, 14 + 27],
    ['truncated-sctp', { ...v6, protocol: Protocol.SCTP }, 14 + 51],
    ['truncated-icmp', { ...v4, protocol: Protocol.ICMP }, 14 + 27],
    ['truncated-icmpv6', { ...v6, protocol: Protocol.ICMPV6 }, 14 + 47],
    ['truncated-gre', { ...v4, protocol: Protocol.GRE }, 14 + 23],
    ['truncated-esp', { ...v6, protocol: Protocol.ESP }, 14 + 47],
  ];

  test.each(cases)('%s: one byte too few of %o', (reason, spec, length) => {
    const frame = buildFrame(spec);
    const cut = parse(frame.subarray(0, length), frame.length);
    expect(reasonOf(cut)).toBe(reason);
    expect(parse(frame.subarray(0, length + 1), frame.length).rule).not.toBe(cut.rule);
  });
});

describe('the IPv4 header', () => {
  const at = 14;

  test.each([
    ['another version', at, 0x65],
    ['a header of four words', at, 0x44],
  ])('%s is bad', (_what, offset, byte) => {
    expect(parse(patched(tcp4, offset, byte))).toMatchObject({
      rule: Reason.BAD_IPV4_HEADER,
      family: 0,
      protocol: 0,
      srcLo: 0n,
      length: 40,
      l4Offset: at,
    });
  });

  test('a total length below the header is bad', () => {
    expect(reasonOf(parse(patched(tcp4, at + 2, 0, 19)))).toBe('bad-ipv4-header');
  });

  test('a total length beyond the frame is truncated', () => {
    expect(reasonOf(parse(patched(tcp4, at + 2, 0, 41)))).toBe('truncated-ipv4');
  });

  test('Ethernet padding behind the packet does not count', () => {
    const packet = parse(concat(buildFrame(tcp4), new Uint8Array(6)));
    expect(packet).toMatchObject({ rule: 0, length: 40, frameLength: 60 });
  });

  test('padding is not taken for a transport header', () => {
    const frame = concat(patched({ ...v4, protocol: Protocol.UDP }, at + 2, 0, 24), new Uint8Array(32));
    expect(reasonOf(parse(frame))).toBe('truncated-udp');
  });

  test('a total length of zero is that of segments not yet cut in a frame above 64 KiB, and bad in others', () => {
    const frame = patched(tcp4, at + 2, 0, 0);
    expect(parse(frame, 70_000)).toMatchObject({ rule: 0, length: 70_000 - at, dstPort: 22 });
    expect(reasonOf(parse(frame))).toBe('bad-ipv4-header');
  });

  test('AH is a protocol, not an extension header', () => {
    expect(parse(buildFrame({ ...v4, protocol: Protocol.AH }))).toMatchObject({ rule: 0, protocol: 51, l4Offset: 34 });
  });
});

describe('the TCP header', () => {
  test.each([
    [tcp4, 34],
    [tcp6, 54],
  ])('a data offset below five words is bad, one beyond the packet truncated', (spec, at) => {
    const bad = parse(patched(spec, at + 12, 0x40));
    expect(bad).toMatchObject({ rule: Reason.BAD_TCP_HEADER, protocol: 6, l4Offset: at, payloadOffset: at, traits: 0 });
    expect(reasonOf(parse(patched(spec, at + 12, 0x60)))).toBe('truncated-tcp');
  });

  test('options that a capture cut off do not hide the ports', () => {
    const frame = buildFrame({ ...tcp4, tcpOptions: new Uint8Array(40) });
    expect(parse(frame.subarray(0, 54), frame.length)).toMatchObject({ rule: 0, dstPort: 22, payloadOffset: 94 });
  });
});

describe('IPv6 extension headers', () => {
  const chain = (...protocols: number[]): PacketSpec => ({
    ...tcp6,
    extensions: protocols.map((protocol) => ({ protocol })),
  });

  test('eight are walked, a ninth is too many', () => {
    const eight = Array.from({ length: 8 }, () => Protocol.DESTINATION_OPTIONS);
    expect(parse(buildFrame(chain(...eight)))).toMatchObject({ rule: 0, protocol: 6, l4Offset: 54 + 64, dstPort: 22 });
    expect(parse(buildFrame(chain(...eight, Protocol.ROUTING)))).toMatchObject({
      rule: Reason.TOO_MANY_EXTENSIONS,
      family: 6,
      protocol: Protocol.ROUTING,
      l4Offset: 54 + 64,
      payloadOffset: 54 + 64,
    });
  });

  test('one that goes beyond the frame is truncated, and named', () => {
    expect(parse(patched(chain(Protocol.HOP_BY_HOP, Protocol.ROUTING), 54 + 8 + 1, 200))).toMatchObject({
      rule: Reason.TRUNCATED_EXTENSION,
      family: 6,
      srcLo: v6.src.lo,
      protocol: Protocol.ROUTING,
      l4Offset: 54 + 8,
    });
  });

  test('AH counts in words of four bytes', () => {
    const spec = { ...tcp6, extensions: [{ protocol: Protocol.AH, length: 24 }] };
    expect(parse(buildFrame(spec))).toMatchObject({ rule: 0, protocol: 6, l4Offset: 54 + 24 });
  });

  test('an atomic fragment is none', () => {
    const packet = parse(buildFrame(chain(Protocol.FRAGMENT)));
    expect(packet).toMatchObject({ rule: 0, fragment: Fragment.NONE, dstPort: 22 });
  });

  test('the walk ends at a later fragment, whatever it carries', () => {
    const later = parse(buildFrame({ ...v6, protocol: Protocol.DESTINATION_OPTIONS, fragment: 'later' }));
    expect(later).toMatchObject({ rule: 0, fragment: Fragment.LATER, protocol: 60, l4Offset: 62, payloadOffset: 62 });
  });

  test('no next header ends the packet', () => {
    expect(parse(buildFrame({ ...v6, protocol: 59 }))).toMatchObject({ rule: 0, protocol: 59, traits: 0 });
  });
});

describe('fragments', () => {
  test.each([v4, v6])('a first one has ports, a later one has not', (ends) => {
    const udp: PacketSpec = { ...ends, protocol: Protocol.UDP, dstPort: 53 };
    const first = parse(buildFrame({ ...udp, fragment: 'first' }));
    expect(first).toMatchObject({ fragment: Fragment.FIRST, dstPort: 53, traits: Trait.PORTS });
    const later = parse(buildFrame({ ...udp, fragment: 'later', payload: new Uint8Array(64).fill(0xff) }));
    expect(later).toMatchObject({ rule: 0, fragment: Fragment.LATER, dstPort: 0, traits: 0, protocol: 17 });
  });
});

describe('ICMP', () => {
  test('is read in the family that it belongs to', () => {
    expect(parse(buildFrame({ ...v4, protocol: 1, icmpType: 3, icmpCode: 4 }))).toMatchObject({
      traits: Trait.ICMP,
      icmpType: 3,
      icmpCode: 4,
    });
    expect(parse(buildFrame({ ...v6, protocol: 1, payload: new Uint8Array(8) })).traits).toBe(0);
    expect(parse(buildFrame({ ...v4, protocol: 58, payload: new Uint8Array(8) })).traits).toBe(0);
  });

  test.each([
    [135, 0, 255, true],
    [133, 0, 255, true],
    [137, 0, 255, true],
    [132, 0, 255, false],
    [138, 0, 255, false],
    [135, 1, 255, false],
    [135, 0, 254, false],
  ])('type %i code %i hop limit %i is neighbour discovery: %s', (icmpType, icmpCode, ttl, expected) => {
    const { traits } = parse(buildFrame({ ...v6, protocol: Protocol.ICMPV6, icmpType, icmpCode, ttl }));
    expect((traits & Trait.NEIGHBOUR) !== 0).toBe(expected);
  });
});

describe('the link header', () => {
  test('two VLAN tags are read, a third is too many', () => {
    const frame = buildFrame({ ...tcp4, vlan: 10, vlanInner: 20 });
    expect(parse(frame)).toMatchObject({ vlan: 10, vlanInner: 20, l3Offset: 22, ethertype: 0x0800, dstPort: 22 });
    const three = concat(frame.subarray(0, 12), Uint8Array.of(0x88, 0xa8, 0, 30), frame.subarray(12));
    expect(parse(three)).toMatchObject({
      rule: Reason.TOO_MANY_VLAN_TAGS,
      vlan: 30,
      vlanInner: 10,
      traits: Trait.VLAN | Trait.VLAN_INNER,
      ethertype: 0,
    });
  });

  test('priority bits are no part of a VLAN id', () => {
    expect(parse(patched({ ...tcp4, vlan: 0 }, 14, 0xff, 0xff)).vlan).toBe(0xfff);
  });

  test('ARP is of no family', () => {
    const packet = parse(buildFrame({ ...v4, protocol: 'arp' }));
    expect(packet).toMatchObject({ rule: 0, family: 0, traits: Trait.NEIGHBOUR, length: 28, l4Offset: 14 });
  });

  test('other protocols are left alone', () => {
    const lldp = patched({ ...v4, protocol: 'arp' }, 12, 0x88, 0xcc);
    expect(parse(lldp)).toMatchObject({ rule: 0, family: 0, ethertype: 0x88cc, traits: 0, payloadOffset: 14 });
  });
});

test('no bytes make it throw, and no offset points behind the frame', () => {
  const mutated = fc
    .tuple(packetSpec, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }), fc.option(fc.nat()))
    .map(([spec, changes, length]) => {
      const frame = buildFrame(spec);
      for (const [at, byte] of changes) frame[at % frame.length] = byte;
      return length === null ? frame : frame.subarray(0, length % frame.length);
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (frame) => {
      const { l3Offset, l4Offset, payloadOffset } = parse(frame);
      expect(l3Offset).toBeLessThanOrEqual(l4Offset);
      expect(l4Offset).toBeLessThanOrEqual(payloadOffset);
      expect(payloadOffset).toBeLessThanOrEqual(frame.length);
    }),
    { numRuns: 2000 },
  );
});
