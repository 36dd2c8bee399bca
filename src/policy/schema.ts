import * as z from 'zod/mini';
import { ACTION_NAMES, TERMINAL_ACTIONS } from './check/actions.ts';
import { DSCP_NAMES } from './check/dscp.ts';
import { ICMP_CODE_NAMES, ICMP_TYPE_NAMES } from './check/icmp-names.ts';
import { PROTOCOL_NAMES, type ProtocolName } from './check/protocol-names.ts';
import { TCP_FLAGS, type TcpFlag } from './check/tcp-flags.ts';

/**
 * The shape of a policy: which keys there are, and whether a value is text, a number or a list. The JSON Schema for
 * editors and docs/policy-reference.md are generated from it. What a text may say (`"10.0.0.0/8"`, `"!tcp"`) is the
 * business of src/policy/check, which knows better what was meant; here it is only told to editors as a pattern.
 * Messages complete the sentence `"key" has to be …`.
 */

type Meta = Readonly<Record<string, unknown>>;

function described<S extends z.core.$ZodType>(schema: S, description: string, meta: Meta = {}): S {
  z.globalRegistry.add(schema, { description, ...meta });
  return schema;
}

/** Text of a grammar that TypeScript can spell out; what is not of it is found by the check. */
function text<T extends string>(error: string, meta: Meta): z.ZodMiniType<T, T> {
  const schema = z.string({ error });
  z.globalRegistry.add(schema, meta);
  return schema as z.ZodMiniType<string, string> as z.ZodMiniType<T, T>;
}

function oneOrMore<T extends z.core.$ZodType>(item: T, error: string) {
  return z.union([item, z.array(item, { error })], { error });
}

const names = (values: readonly string[]): string => values.join('|');
const NUMBER = String.raw`\d+(\s*-\s*\d+)?`;
const SET_REFERENCE = '@[A-Za-z_][A-Za-z0-9_-]*';

type Range = `${number}` | `${number}-${number}`;
type Negatable<T extends string> = T | `!${T}`;
export type NumberText = Negatable<Range>;
export type PortText = Negatable<Range | `@${string}`>;
export type ProtocolText = Negatable<ProtocolName | `${number}`>;
export type FlagText = Negatable<TcpFlag>;

function numbers<T extends string = NumberText>(alternatives: string[], what: string) {
  const error = `a number, a range like "lo-hi"${what}, "!" and one of them, or a list of these`;
  const pattern = `^\\s*!?\\s*(${[NUMBER, ...alternatives].join('|')})\\s*$`;
  return oneOrMore(z.union([z.int({ error }), text<T>(error, { pattern })], { error }), error);
}

const ADDRESSES = 'an address, a prefix, a range, a set like "@admins", "!" and one of them, or a list of these';
const addresses = () => oneOrMore(text<string>(ADDRESSES, { minLength: 2 }), ADDRESSES);

const FLAGS = 'a TCP flag, "!" and a flag that must not be set, or a list of these';
const PROTOCOLS = 'a protocol by name or number, "!" and one of them, or a list of these';
const INTERFACES = 'an interface, "!" and one, or a list of these';

const payload = z.strictObject(
  {
    at: z.optional(
      described(
        z.enum(['payload', 'transport', 'network', 'frame'], { error: 'payload, transport, network or frame' }),
        'Where `offset` counts from: the first byte behind the transport header, of the transport header, of the IP header, or of the frame.',
        { default: 'payload', examples: ['transport'] },
      ),
    ),
    offset: z.optional(
      described(
        z.int({ error: 'a number of bytes' }).check(z.minimum(0), z.maximum(2047)),
        'Bytes from there to the first one that is compared.',
        { default: 0, examples: [12] },
      ),
    ),
    bytes: z.optional(
      described(
        text<string>('bytes in hex, like "47 45 54"', { pattern: String.raw`^\s*(0[xX])?([0-9a-fA-F]{2}[\s:]*)+$` }),
        'The bytes that must be there, in hex: 1 to 64.',
        { examples: ['47 45 54 20'] },
      ),
    ),
    text: z.optional(
      described(z.string({ error: 'text' }), 'The same as text (UTF-8), in place of `bytes`.', { examples: ['GET '] }),
    ),
    mask: z.optional(
      described(
        text<string>('bytes in hex, like "ff f0"', { pattern: String.raw`^\s*(0[xX])?([0-9a-fA-F]{2}[\s:]*)+$` }),
        'Which bits are compared: as long as `bytes`. Default: all of them.',
        { examples: ['ff ff ff df'] },
      ),
    ),
  },
  { error: 'a mapping like { at: payload, bytes: "47 45 54" }' },
);

const RATE = 'a rate like "10/s", "30/m" or "100/h"';
const rate = () => text<`${number}/${'s' | 'm' | 'h'}`>(RATE, { pattern: String.raw`^\s*[1-9]\d*\s*/\s*[smh]\s*$` });

const logOptions = z.strictObject(
  {
    rate: z.optional(
      described(rate(), 'Events in a second, a minute or an hour, at most.', { default: '10/s', examples: ['30/m'] }),
    ),
    burst: z.optional(
      described(
        z.int({ error: 'a number of events' }).check(z.minimum(1), z.maximum(1_000_000)),
        'Events that may come at once.',
        { default: 10, examples: [20] },
      ),
    ),
  },
  { error: `${RATE}, or a mapping like { rate: "10/s", burst: 20 }` },
);

const ACTION = `${ACTION_NAMES.join(', ')}, { log: "10/s" } or { mark: 7 }`;
const actionObject = z.strictObject(
  {
    log: z.optional(
      described(
        z.union([rate(), logOptions], { error: `${RATE}, or a mapping like { rate: "10/s", burst: 20 }` }),
        'Report the packet, and go on with the next rule.',
        { examples: ['10/s', { rate: '30/m', burst: 5 }] },
      ),
    ),
    mark: z.optional(
      described(
        z.union(
          [
            z.int(),
            text<`0x${string}` | `${number}`>('a number', { pattern: String.raw`^(0[xX][0-9a-fA-F]{1,8}|\d{1,10})$` }),
          ],
          { error: 'a number from 0 to 4294967295, or hex like "0x10"' },
        ),
        'Set the mark of the packet (32 bits; skb->mark, `fwmark` of ip-rule), and go on with the next rule.',
        { examples: [7, '0x10'] },
      ),
    ),
  },
  { error: ACTION },
);
const action = z.union([text<(typeof ACTION_NAMES)[number]>(ACTION, { enum: ACTION_NAMES }), actionObject], {
  error: ACTION,
});

const rule = z.strictObject(
  {
    name: z.optional(
      described(
        z.string({ error: 'text' }),
        'What verdicts, counters and errors call the rule. Each name once in the policy. Default: its place, as in `ingress[2]`.',
        { minLength: 1, maxLength: 63, examples: ['ssh'] },
      ),
    ),
    description: z.optional(
      described(z.string({ error: 'text' }), 'For people; Sluice only keeps it.', {
        examples: ['Administration from the office only'],
      }),
    ),
    protocol: z.optional(
      described(
        oneOrMore(
          z.union(
            [
              z.int(),
              text<ProtocolText>(PROTOCOLS, {
                anyOf: [{ enum: PROTOCOL_NAMES }, { pattern: `^\\s*!?\\s*(${names(PROTOCOL_NAMES)}|\\d{1,3})\\s*$` }],
              }),
            ],
            { error: PROTOCOLS },
          ),
          PROTOCOLS,
        ),
        'IP protocol, behind any IPv6 extension headers. `icmp` is ICMP in IPv4 and ICMPv6 in IPv6; `icmpv4` and `icmpv6` are one of them. `"!tcp"` is any IP packet of another protocol.',
        { examples: ['tcp', ['tcp', 'udp'], '!icmp', 47] },
      ),
    ),
    from: z.optional(
      described(addresses(), 'Source address.', {
        examples: ['203.0.113.0/24', '@admins', ['10.0.0.0/8', '!10.0.0.1'], '2001:db8::1-2001:db8::ff'],
      }),
    ),
    to: z.optional(described(addresses(), 'Destination address.', { examples: ['192.0.2.10', '2001:db8::/32'] })),
    port: z.optional(
      described(
        numbers<PortText>([SET_REFERENCE], ', a set like "@web"'),
        'Destination port. Without `protocol`: of TCP, UDP and SCTP. Later fragments have no ports and do not match.',
        { examples: [443, '8000-8100', '@web', [80, 443], '!22'] },
      ),
    ),
    fromPort: z.optional(
      described(numbers<PortText>([SET_REFERENCE], ', a set like "@web"'), 'Source port, as `port`.', {
        examples: [53, '1024-65535'],
      }),
    ),
    tcpFlags: z.optional(
      described(
        oneOrMore(text<FlagText>(FLAGS, { pattern: `^\\s*!?\\s*(${names(Object.keys(TCP_FLAGS))})\\s*$` }), FLAGS),
        'TCP flags that must be set and, with `!`, unset; the others may be either. Implies `protocol: tcp`.',
        { examples: [['syn', '!ack'], 'rst'] },
      ),
    ),
    icmpType: z.optional(
      described(
        numbers<Negatable<string>>([names(ICMP_TYPE_NAMES)], ' or a name'),
        'ICMP type by name, which is the right number in each family, or by number, which needs `protocol: icmpv4` or `icmpv6`. Implies `protocol: icmp`.',
        { examples: ['echo-request', ['echo-request', 'packet-too-big']] },
      ),
    ),
    icmpCode: z.optional(
      described(
        numbers<Negatable<string>>([names(ICMP_CODE_NAMES)], ' or a name'),
        'ICMP code by number, or by name, which implies the type that it belongs to.',
        { examples: ['port-unreachable', 0] },
      ),
    ),
    length: z.optional(
      described(
        numbers([], ''),
        'Length of the IP packet in bytes, header included, as the IP header says; of other packets, the bytes behind the link header.',
        { examples: ['0-128', '1400-9000'] },
      ),
    ),
    ttl: z.optional(described(numbers([], ''), 'TTL of IPv4, hop limit of IPv6.', { examples: [255, '0-4'] })),
    dscp: z.optional(
      described(
        numbers<Negatable<string>>([names(DSCP_NAMES)], ' or a name'),
        'Differentiated services code point, by name or number (0 to 63).',
        { examples: ['ef', ['af41', 'af42'], 0] },
      ),
    ),
    vlan: z.optional(
      described(numbers([], ''), 'VLAN id of the outer tag. Untagged packets do not match, `"!5"` either.', {
        examples: [100, '10-20'],
      }),
    ),
    fragment: z.optional(
      described(
        z.union([z.boolean(), z.enum(['first', 'later'])], { error: 'true, false, first or later' }),
        'IP fragments: `true` any, `false` only whole packets, `first` those with the transport header, `later` those without.',
        { examples: ['later', false] },
      ),
    ),
    interface: z.optional(
      described(
        oneOrMore(text<string>(INTERFACES, {}), INTERFACES),
        'The interface that the packet comes in by (egress: goes out by): one of the policy\u2019s `interfaces`.',
        { examples: ['eth0', '!eth1'] },
      ),
    ),
    payload: z.optional(
      described(payload, 'Bytes at a fixed place. Packets that end before do not match.', {
        examples: [
          { at: 'payload', text: 'GET ' },
          { at: 'transport', offset: 13, bytes: '02', mask: '3f' },
        ],
      }),
    ),
    filter: z.optional(
      described(
        z.string({ error: 'a tcpdump expression' }),
        'A tcpdump expression (pcap-filter(7)), compiled by libpcap. It is one more match: all others must be true as well.',
        { examples: ['tcp dst port 23'] },
      ),
    ),
    action: described(
      action,
      'What to do with a packet that every match is true of. `allow`, `drop` and `reject` (TCP: a reset; else ICMP unreachable) end the stage; `count`, `log` and `mark` go on with the next rule.',
      { examples: ['allow', { log: '10/s' }, { mark: 7 }] },
    ),
  },
  { error: 'a rule: a mapping like { name: ssh, protocol: tcp, port: 22, action: allow }' },
);

const rules = () => z.array(rule, { error: 'a list of rules' });

const stage = (description: string) =>
  described(
    z.strictObject(
      {
        default: z.optional(
          described(
            z.enum(TERMINAL_ACTIONS, { error: 'allow, drop or reject' }),
            'What becomes of packets that no rule decides. ARP and IPv6 neighbour discovery pass all the same.',
            { default: 'allow', examples: ['drop'] },
          ),
        ),
        rules: z.optional(
          described(rules(), 'Rules; the first that matches and ends the stage decides.', { default: [] }),
        ),
      },
      { error: 'a mapping with "default" and "rules"' },
    ),
    description,
    { examples: [{ default: 'drop', rules: [{ name: 'ssh', protocol: 'tcp', port: 22, action: 'allow' }] }] },
  );

const SET = 'a list of addresses, { file: path } or { ports: [80, "8000-8100"] }';
const set = z.union(
  [
    z.array(text<string>('an address, a prefix, a range or another set like "@other"', { minLength: 2 }), {
      error: SET,
    }),
    z.strictObject(
      {
        file: described(
          z.string({ error: 'the path of a file' }),
          'A file with an address, prefix or range a line, `#` for comments. Relative to the policy file. Watched while the policy is in force.',
          { minLength: 1, examples: ['blocked.txt'] },
        ),
      },
      { error: SET },
    ),
    z.strictObject(
      {
        ports: described(
          z.array(
            z.union(
              [z.int(), text<Range | `@${string}`>('a port', { pattern: `^\\s*(${NUMBER}|${SET_REFERENCE})\\s*$` })],
              { error: 'a port, a range like "8000-8100", or another set of ports like "@web"' },
            ),
            { error: 'a list of ports' },
          ),
          'Ports, ranges of ports and other sets of ports.',
          { examples: [[80, 443, '8000-8100']] },
        ),
      },
      { error: SET },
    ),
  ],
  { error: SET },
);

export const policySchema = described(
  z.strictObject(
    {
      $schema: z.optional(described(z.string({ error: 'the address of a JSON Schema' }), 'For editors of JSON.', {})),
      version: described(z.literal(1, { error: '1, the version of the language' }), 'The version of the language.', {
        examples: [1],
      }),
      interfaces: described(
        z.array(z.string({ error: 'the name of an interface' }), { error: 'a list of interfaces like [eth0]' }),
        'The network interfaces that the policy is for.',
        { minItems: 1, examples: [['eth0']] },
      ),
      sets: z.optional(
        described(
          z.record(z.string(), set, { error: 'a mapping of names to sets' }),
          'Sets by name, for rules to refer to as `"@name"`: addresses of both families (which may include other sets), a file of addresses, or ports.',
          {
            examples: [
              {
                admins: ['203.0.113.0/24', '2001:db8:ad::/48'],
                blocked: { file: 'blocked.txt' },
                web: { ports: [80, 443] },
              },
            ],
          },
        ),
      ),
      prefilter: z.optional(
        described(
          rules(),
          'Rules that see every incoming packet, before anything is remembered of it: block lists, bogons, floods. A packet that none decides goes on to `ingress`.',
          { default: [], examples: [[{ name: 'blocklist', from: '@blocked', action: 'drop' }]] },
        ),
      ),
      ingress: z.optional(stage('Packets that come in.')),
      egress: z.optional(stage('Packets that go out.')),
      malformed: z.optional(
        described(
          z.enum(['drop', 'allow'], { error: 'drop or allow' }),
          'What becomes of truncated and malformed packets.',
          { default: 'drop', examples: ['drop'] },
        ),
      ),
    },
    { error: 'a policy: a mapping with "version", "interfaces", "ingress" and more' },
  ),
  'A Sluice policy.',
  { title: 'Sluice policy' },
);

/** A policy as it is written, in YAML, JSON or TypeScript. */
export type Policy = z.input<typeof policySchema>;
/** One rule of a policy. */
export type Rule = z.input<typeof rule>;
/** A named set of addresses or ports. */
export type PolicySet = z.input<typeof set>;
