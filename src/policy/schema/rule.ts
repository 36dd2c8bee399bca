import * as z from 'zod/mini';
import { DSCP_NAMES } from '../check/dscp.ts';
import { ICMP_CODE_NAMES, ICMP_TYPE_NAMES } from '../check/icmp-names.ts';
import { PROTOCOL_NAMES, type ProtocolName } from '../check/protocol-names.ts';
import { TCP_FLAGS, type TcpFlag } from '../check/tcp-flags.ts';
import { action } from './action.ts';
import {
  type Negatable,
  negatablePattern,
  numbers,
  oneOrMore,
  optional,
  type RangeText,
  required,
  SET_PATTERN,
  type SetReference,
  text,
} from './grammar.ts';
import { payload } from './payload.ts';
import { when } from './when.ts';

const PROTOCOLS = 'a protocol by name or number, "!" and one of them, or a list of these';
const ADDRESSES = 'an address, a prefix, a range, a set like "@admins", "!" and one of them, or a list of these';
const FLAGS = 'a TCP flag, "!" and a flag that must not be set, or a list of these';
const INTERFACES = 'an interface, a glob like "eth*", "!" and one of these, or a list of these';

const protocolText = text<Negatable<ProtocolName | `${number}`>>(PROTOCOLS, {
  anyOf: [{ enum: PROTOCOL_NAMES }, { pattern: negatablePattern(...PROTOCOL_NAMES, String.raw`\d{1,3}`) }],
});
const protocols = oneOrMore(z.union([z.int({ error: PROTOCOLS }), protocolText], { error: PROTOCOLS }), PROTOCOLS);
const addresses = () => oneOrMore(text<string>(ADDRESSES, { minLength: 2 }), ADDRESSES);
const ports = () => numbers<RangeText | SetReference>(', a set like "@web"', [SET_PATTERN]);
const named = (names: readonly string[]) => numbers<string>(' or a name', names);
const flags = oneOrMore(
  text<Negatable<TcpFlag>>(FLAGS, { pattern: negatablePattern(...Object.keys(TCP_FLAGS)) }),
  FLAGS,
);

export const rule = z.strictObject(
  {
    name: optional(
      z.string({ error: 'text' }),
      'What verdicts, counters and errors call the rule; no two rules of a policy have one name. A rule without is called by its place, as in `ingress[2]`.',
      { minLength: 1, maxLength: 63, examples: ['ssh'] },
    ),
    description: optional(z.string({ error: 'text' }), 'For people: Sluice does nothing with it.', {
      examples: ['Administration, from the office only'],
    }),
    protocol: optional(
      protocols,
      'IP protocol, behind any IPv6 extension headers. `icmp` is ICMP in IPv4 and ICMPv6 in IPv6; `icmpv4` and `icmpv6` are one of the two. `"!tcp"` is any IP packet of another protocol. A rule is asked about ARP only where this names `arp`.',
      { examples: ['tcp', ['tcp', 'udp'], '!icmp', 47] },
    ),
    from: optional(addresses(), 'Source address.', {
      examples: ['203.0.113.0/24', '@admins', ['10.0.0.0/8', '!10.0.0.1'], '2001:db8::1-2001:db8::ff'],
    }),
    to: optional(addresses(), 'Destination address.', { examples: ['192.0.2.10', '2001:db8::/32'] }),
    port: optional(
      ports(),
      'Destination port; without `protocol`, of TCP, UDP and SCTP. Later fragments have no ports and do not match.',
      { examples: [443, '8000-8100', '@web', [80, 443], '!22'] },
    ),
    fromPort: optional(ports(), 'Source port, as `port`.', { examples: [53, '1024-65535'] }),
    tcpFlags: optional(
      flags,
      'TCP flags that must be set and, with `!`, those that must not; the others may be either. Implies `protocol: tcp`.',
      { examples: [['syn', '!ack'], 'rst'] },
    ),
    icmpType: optional(
      named(ICMP_TYPE_NAMES),
      'ICMP type by name, which is the right number in each IP family, or by number, which needs `protocol: icmpv4` or `protocol: icmpv6`. Implies `protocol: icmp`. A rule is asked about IPv6 neighbour discovery (types 133 to 137) only where this names one of its types, and 16 types at most.',
      { examples: ['echo-request', ['echo-request', 'packet-too-big']] },
    ),
    icmpCode: optional(
      named(ICMP_CODE_NAMES),
      'ICMP code by number, or by name, which implies the type that it belongs to.',
      { examples: ['port-unreachable', 0] },
    ),
    length: optional(
      numbers(),
      'Length of the IP packet in bytes, header included, as that header says; of other packets, the bytes behind the link header.',
      { examples: ['0-128', '1400-9000'] },
    ),
    ttl: optional(numbers(), 'TTL of IPv4, hop limit of IPv6.', { examples: [255, '0-4'] }),
    dscp: optional(named(DSCP_NAMES), 'Differentiated services code point, by name or number (0 to 63).', {
      examples: ['ef', ['af41', 'af42'], 0],
    }),
    vlan: optional(numbers(), 'VLAN id of the outer tag. A packet without a tag never matches, not even `"!5"`.', {
      examples: [100, '10-20'],
    }),
    fragment: optional(
      z.union([z.boolean(), z.enum(['first', 'later'])], { error: 'true, false, first or later' }),
      'IP fragments: `true` any, `false` whole packets only, `first` the one with the transport header, `later` those without.',
      { examples: ['later', false] },
    ),
    interface: optional(
      oneOrMore(text<string>(INTERFACES), INTERFACES),
      'The interface that the packet comes in by, in `egress` goes out by: one of the policy’s `interfaces`, or a glob of some of them. A rule is true of an interface by its name at the time: one that appears or is renamed while the policy is in force is judged as if it had always been there.',
      { examples: ['eth0', '!eth1'] },
    ),
    payload: optional(payload, 'Bytes at a fixed place. A packet that ends before does not match.', {
      examples: [
        { at: 'payload', text: 'GET ' },
        { at: 'transport', offset: 13, bytes: '02', mask: '3f' },
      ],
    }),
    filter: optional(
      z.string({ error: 'a tcpdump expression' }),
      'A tcpdump expression (pcap-filter(7)), compiled by libpcap. One more match: the others must be true as well. Host names in it are looked up when the policy is read. It does not speak of ARP and neighbour discovery for the rule: that takes `protocol: arp` or an `icmpType`.',
      { minLength: 1, examples: ['tcp dst port 23'] },
    ),
    when: optional(
      when,
      'A window of time, or a list of them: the rule matches only while one is open, by the clock of its time zone. The kernel opens and closes windows by itself, also while no process of Sluice runs.',
      {
        examples: [
          { days: 'mon-fri', from: '08:00', to: '18:00', timezone: 'Europe/Berlin' },
          [
            { days: ['sat', 'sun'], timezone: 'America/New_York' },
            { from: '22:00', to: '06:00', timezone: 'America/New_York' },
          ],
        ],
      },
    ),
    action: required(
      action,
      'What becomes of a packet that every match is true of. `allow`, `drop` and `reject` (a reset for TCP, else ICMP unreachable) end the stage; `count`, `log` and `mark` go on with the next rule.',
      { examples: ['allow', { log: '10/s' }, { mark: 7 }] },
    ),
  },
  { error: 'a rule: a mapping like { name: ssh, protocol: tcp, port: 22, action: allow }' },
);
