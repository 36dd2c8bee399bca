import { describe, expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { reasonNames } from '../../src/generated/abi.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { judge } from '../../src/policy/model.ts';
import { policyOf } from '../policy-of.ts';
import { withHeaders } from './matchers/case.ts';

const built = (notation: string): Uint8Array => buildFrame(parseNotation(notation));
const udp4 = built('udp 198.51.100.7:1 > 192.0.2.10:2 payload="12345678"');
const udp6 = built('udp [2001:db8::7]:1 > [2001:db8::10]:2 payload="12345678"');
const tcp4 = built('tcp 198.51.100.7:1 > 192.0.2.10:2');
const tcp6 = built('tcp [2001:db8::7]:1 > [2001:db8::10]:2');
const tagged = built('udp 198.51.100.7:1 > 192.0.2.10:2 vlan=1,2');
const NETWORK = 14;

/** The frame with bytes in hex over its own. */
function changed(frame: Uint8Array, offset: number, hex: string): Uint8Array {
  const copy = frame.slice();
  copy.set(Buffer.from(hex, 'hex'), offset);
  return copy;
}

/** The frame cut, with the lengths in its IP header telling so: it is the transport header that is incomplete. */
function cutTransport(frame: Uint8Array, length: number): Uint8Array {
  const six = (frame[NETWORK] as number) >> 4 === 6;
  const shortened = frame.slice(0, length);
  new DataView(shortened.buffer).setUint16(six ? NETWORK + 4 : NETWORK + 2, length - NETWORK - (six ? 40 : 0));
  return shortened;
}

const extended = (count: number): Uint8Array =>
  buildFrame(
    withHeaders('tcp [2001:db8::7]:1 > [2001:db8::10]:2', {
      extensions: Array.from({ length: count }, () => ({ protocol: 60 })),
    }),
  );

interface MalformedCase {
  readonly says: string;
  readonly reason: string;
  readonly frame: Uint8Array;
}

const malformedCases: readonly MalformedCase[] = [
  { says: 'no whole Ethernet header', reason: 'truncated-ethernet', frame: udp4.subarray(0, 13) },
  { says: 'a VLAN tag cut short', reason: 'truncated-vlan', frame: tagged.subarray(0, 17) },
  { says: 'a second VLAN tag cut short', reason: 'truncated-vlan', frame: tagged.subarray(0, 21) },
  { says: 'three VLAN tags', reason: 'too-many-vlan-tags', frame: changed(tagged, 20, '8100') },
  { says: 'ARP cut short', reason: 'truncated-arp', frame: built('arp').subarray(0, NETWORK + 27) },
  { says: 'an IPv4 header cut short', reason: 'truncated-ipv4', frame: udp4.subarray(0, NETWORK + 19) },
  {
    says: 'IPv4 options cut short',
    reason: 'truncated-ipv4',
    frame: changed(udp4.subarray(0, NETWORK + 22), NETWORK, '46'),
  },
  { says: 'an IPv4 packet shorter than it says', reason: 'truncated-ipv4', frame: udp4.subarray(0, udp4.length - 1) },
  { says: 'IPv4 with another version', reason: 'bad-ipv4-header', frame: changed(udp4, NETWORK, '65') },
  { says: 'an IPv4 header of four words', reason: 'bad-ipv4-header', frame: changed(udp4, NETWORK, '44') },
  {
    says: 'an IPv4 packet shorter than its header',
    reason: 'bad-ipv4-header',
    frame: changed(udp4, NETWORK + 2, '0013'),
  },
  { says: 'an IPv6 header cut short', reason: 'truncated-ipv6', frame: udp6.subarray(0, NETWORK + 39) },
  { says: 'an IPv6 packet shorter than it says', reason: 'truncated-ipv6', frame: udp6.subarray(0, udp6.length - 1) },
  { says: 'IPv6 with another version', reason: 'bad-ipv6-header', frame: changed(udp6, NETWORK, '40') },
  {
    says: 'an extension header cut short',
    reason: 'truncated-extension',
    frame: cutTransport(extended(1), NETWORK + 47),
  },
  {
    says: 'an extension header longer than the frame',
    reason: 'truncated-extension',
    frame: changed(extended(1), NETWORK + 41, 'ff'),
  },
  { says: 'nine extension headers', reason: 'too-many-extensions', frame: extended(9) },
  { says: 'TCP over IPv4 cut short', reason: 'truncated-tcp', frame: cutTransport(tcp4, NETWORK + 39) },
  { says: 'TCP over IPv6 cut short', reason: 'truncated-tcp', frame: cutTransport(tcp6, NETWORK + 59) },
  { says: 'TCP options cut short', reason: 'truncated-tcp', frame: changed(tcp4, NETWORK + 32, '60') },
  { says: 'a TCP header of four words over IPv4', reason: 'bad-tcp-header', frame: changed(tcp4, NETWORK + 32, '40') },
  { says: 'a TCP header of four words over IPv6', reason: 'bad-tcp-header', frame: changed(tcp6, NETWORK + 52, '40') },
  { says: 'UDP over IPv4 cut short', reason: 'truncated-udp', frame: cutTransport(udp4, NETWORK + 27) },
  { says: 'UDP over IPv6 cut short', reason: 'truncated-udp', frame: cutTransport(udp6, NETWORK + 47) },
  {
    says: 'SCTP cut short',
    reason: 'truncated-sctp',
    frame: cutTransport(built('sctp 198.51.100.7:1 > 192.0.2.10:2'), NETWORK + 31),
  },
  {
    says: 'ICMP cut short',
    reason: 'truncated-icmp',
    frame: cutTransport(built('icmp 198.51.100.7 > 192.0.2.10'), NETWORK + 27),
  },
  {
    says: 'ICMPv6 cut short',
    reason: 'truncated-icmpv6',
    frame: cutTransport(built('icmp6 2001:db8::7 > 2001:db8::10'), NETWORK + 47),
  },
  {
    says: 'GRE cut short',
    reason: 'truncated-gre',
    frame: cutTransport(built('gre 198.51.100.7 > 192.0.2.10'), NETWORK + 23),
  },
  {
    says: 'ESP cut short',
    reason: 'truncated-esp',
    frame: cutTransport(built('esp 2001:db8::7 > 2001:db8::10'), NETWORK + 47),
  },
];

/** What a rule would say of a packet is of no weight where it cannot be read. */
const policies = (['drop', 'allow'] as const).map((malformed) => {
  const opposite = malformed === 'drop' ? 'allow' : 'drop';
  const stage = `{ default: ${opposite}, rules: [{ protocol: arp, action: ${opposite} }] }`;
  const text = `{ version: 1, interfaces: [eth0], malformed: ${malformed}, ingress: ${stage}, egress: ${stage} }`;
  return { malformed, policy: policyOf(text) };
});

describe.each(policies)('malformed: $malformed', ({ malformed, policy }) => {
  describe.each(['ingress', 'egress'] as const)('%s', (direction) => {
    test.each(malformedCases)('$says', ({ reason, frame }) => {
      using rehearsal = openRehearsal(policy);
      const wanted = { verdict: malformed, stage: 'parse', rule: null, reason };
      expect(rehearsal.judge(frame, { direction })).toMatchObject(wanted);
      expect(judge(policy, frame, parseFrame(frame, { ifindex: 0 }), direction)).toMatchObject(wanted);
    });
  });
});

test('every reason why a packet is malformed has a case', () => {
  const all = Object.values(reasonNames).filter((name) => /^(truncated|bad|too-many)-/.test(name));
  expect([...new Set(malformedCases.map(({ reason }) => reason))].sort()).toEqual(all.sort());
});
