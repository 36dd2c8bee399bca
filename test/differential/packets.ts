import type { Address } from '../../src/packet/address.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { extensionProtocols, hasPorts, isIcmp, Protocol } from '../../src/packet/headers.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { type ExtensionSpec, headersLength, type PacketSpec } from '../../src/packet/spec.ts';
import type { CheckedPolicy, CheckedRule, PayloadMatch } from '../../src/policy/checked.ts';
import { exampleName } from '../../src/policy/interface-pattern.ts';
import { matches } from '../../src/policy/model-match.ts';
import { allRules } from '../../src/policy/rule-place.ts';
import { mutated } from './mutations.ts';
import type { Random } from './random.ts';
import { type Values, valuesOf } from './values.ts';

/** A frame, and where it passes. */
export interface TestFrame {
  readonly bytes: Uint8Array;
  /** Bytes on the wire: more than `bytes` holds where a capture cut it. */
  readonly wireLength: number;
  readonly direction: 'ingress' | 'egress';
  readonly interface: string | undefined;
  /** When it passes: Unix time, milliseconds. */
  readonly timeMs: number;
}

/** What a packet has where its rule does not say, with what the expressions of filters.ts name. */
const background = {
  protocols: {
    4: [
      Protocol.TCP,
      Protocol.TCP,
      Protocol.UDP,
      Protocol.UDP,
      Protocol.ICMP,
      Protocol.SCTP,
      Protocol.GRE,
      Protocol.ESP,
      4,
      51,
      58,
      2,
      99,
    ],
    6: [
      Protocol.TCP,
      Protocol.TCP,
      Protocol.UDP,
      Protocol.UDP,
      Protocol.ICMPV6,
      Protocol.SCTP,
      Protocol.GRE,
      Protocol.ESP,
      41,
      1,
      59,
      99,
    ],
  },
  addresses: {
    4: [0xc000020an, 0xc0000201n, 0xc6336407n, 0xcb00710an, 0x0a000001n, 0xe0000001n, 0xffffffffn, 0n],
    6: [
      (0x20010db8n << 96n) | 0x10n,
      (0x20010db8n << 96n) | (0xadn << 80n) | 1n,
      (0xfe80n << 112n) | 1n,
      (0xff02n << 112n) | 1n,
      0n,
    ],
  },
  ports: [22, 23, 53, 80, 443, 5000, 8000, 8100, 1023, 1024, 40000],
  tcpFlags: [0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x14, 0x00, 0xff],
  icmpTypes: { 4: [8, 0, 3, 11, 13], 6: [128, 129, 1, 2, 133, 134, 135, 136, 137] },
  vlans: [0, 1, 5, 100, 200, 4095],
  ttls: [64, 63, 1, 255, 0],
} as const;

/** How often a packet is drawn anew where it does not hit the rule that it is aimed at. */
const TRIES = 8;

/** Frames without end for a policy: most aimed at one of its rules, each third one damaged. */
export function createFrames(policy: CheckedPolicy, random: Random): () => TestFrame {
  const aims = allRules(policy).map((rule) => ({ rule, values: valuesOf(rule.match, policy) }));
  const time = createTimes();
  const anything = valuesOf({}, policy);

  function aimedAt({ rule, values }: (typeof aims)[number]): TestFrame {
    const direction = (rule.stage === 'egress') !== random.once(8) ? 'egress' : 'ingress';
    for (let tries = random.integer(1, TRIES); ; tries--) {
      const frame = { ...wholeFrame(values, policy, random, time), direction } as const;
      if (tries === 1 || hits(rule, policy, frame)) return frame;
    }
  }

  return () => {
    const whole =
      aims.length > 0 && !random.once(6)
        ? aimedAt(random.pick(aims))
        : { ...wholeFrame(anything, policy, random, time), direction: random.pick(['ingress', 'egress'] as const) };
    return random.once(3) ? { ...whole, ...mutated(whole.bytes, random) } : whole;
  };
}

/** Times of some weeks, so that the kernel's schedules are written anew only now and then. */
function createTimes(): (random: Random) => number {
  let weekMs = 0;
  return (random) => {
    if (weekMs === 0 || random.once(60)) weekMs = Date.UTC(random.integer(2001, 2040), 0, 7 * random.integer(0, 52));
    return weekMs + random.integer(0, 7 * 86_400) * 1000 + random.integer(0, 999);
  };
}

function wholeFrame(
  values: Values,
  policy: CheckedPolicy,
  random: Random,
  time: ReturnType<typeof createTimes>,
): Omit<TestFrame, 'direction'> {
  const bytes = withPayload(buildFrame(specFor(values, random)), values.payload, random);
  return { bytes, wireLength: bytes.length, interface: interfaceFor(values, policy, random), timeMs: time(random) };
}

function hits(
  { match }: CheckedRule,
  policy: CheckedPolicy,
  { bytes, interface: interfaceName, timeMs }: TestFrame,
): boolean {
  return matches(match, { policy, frame: bytes, packet: parseFrame(bytes, { ifindex: 0 }), interfaceName, timeMs });
}

/** Of its globs, a name that each stands for. */
const namesOf = ({ interfaces }: CheckedPolicy): string[] =>
  interfaces.flatMap((pattern) => exampleName(pattern) ?? []);

function interfaceFor({ interfaces }: Values, policy: CheckedPolicy, random: Random): string | undefined {
  if (random.once(10)) return undefined;
  return random.pick(interfaces.length > 0 && !random.once(3) ? interfaces : namesOf(policy));
}

function specFor(values: Values, random: Random): PacketSpec {
  const from = <T>(special: readonly T[], usual: readonly T[]): T =>
    random.pick(special.length > 0 && !random.once(6) ? special : usual);
  if (values.arp ? random.once(2) : random.once(30)) return arp(random);
  const family = familyFor(values, random);
  const protocol = from<number>(values.protocols[family], background.protocols[family]);
  const address = (special: readonly bigint[]): Address => {
    const value = from<bigint>(special, background.addresses[family]);
    return { family, hi: value >> 64n, lo: value & 0xffff_ffff_ffff_ffffn };
  };
  const spec: PacketSpec = {
    protocol,
    src: address(values.src[family]),
    dst: address(values.dst[family]),
    dscp: from(values.dscps, [0, 46]),
    ...(hasPorts(protocol) && {
      srcPort: from<number>(values.srcPorts, background.ports),
      dstPort: from<number>(values.dstPorts, background.ports),
    }),
    ...(protocol === Protocol.TCP && { tcpFlags: from<number>(values.tcpFlags, background.tcpFlags) }),
    ...(isIcmp(family, protocol) && {
      icmpType: from<number>(values.icmpTypes[family], background.icmpTypes[family]),
      icmpCode: from(values.icmpCodes[family], [0, 1]),
    }),
    ...((values.ttls.length > 0 || random.once(3)) && { ttl: from<number>(values.ttls, background.ttls) }),
    ...vlanTags(values, random),
    ...fragmentation(values, random),
    ...(random.once(2) && { payload: random.bytes(random.integer(1, 40)) }),
    ...options(family, protocol, random),
  };
  return values.lengths.length > 0 ? withLength(spec, random.pick(values.lengths)) : spec;
}

function familyFor({ src, dst, protocols }: Values, random: Random): 4 | 6 {
  const fits = ([4, 6] as const).filter((family) => {
    const other = family === 4 ? 6 : 4;
    return [src, dst, protocols].every((side) => side[family].length > 0 || side[other].length === 0);
  });
  return fits.length > 0 && !random.once(10) ? random.pick(fits) : random.pick([4, 6]);
}

function arp(random: Random): PacketSpec {
  const address = (): Address => ({ family: 4, hi: 0n, lo: random.pick(background.addresses[4]) });
  return {
    protocol: 'arp',
    src: address(),
    dst: address(),
    ...(random.once(4) && { vlan: random.pick(background.vlans) }),
  };
}

function vlanTags({ vlans }: Values, random: Random): Partial<PacketSpec> {
  if (vlans.length === 0 && !random.once(6)) return {};
  const vlan = random.pick(vlans.length > 0 ? vlans : background.vlans);
  return random.once(3) ? { vlan, vlanInner: random.pick(background.vlans) } : { vlan };
}

function fragmentation({ fragments }: Values, random: Random): Partial<PacketSpec> {
  const fragment =
    fragments.length > 0
      ? random.pick(fragments)
      : random.once(10)
        ? random.pick(['first', 'later'] as const)
        : undefined;
  return fragment === undefined ? {} : { fragment };
}

/** Header options of both families, now and then. */
function options(family: 4 | 6, protocol: number, random: Random): Partial<PacketSpec> {
  const words = (): Uint8Array => new Uint8Array(4 * random.integer(1, 10)).fill(1);
  return {
    ...(family === 4 && random.once(8) && { ipv4Options: words() }),
    ...(protocol === Protocol.TCP && random.once(4) && { tcpOptions: words() }),
    ...(family === 6 && random.once(4) && { extensions: extensions(random) }),
  };
}

function extensions(random: Random): ExtensionSpec[] {
  const count = random.once(8) ? random.integer(4, 10) : random.integer(1, 3);
  return Array.from({ length: count }, () => {
    const protocol = random.pick([...extensionProtocols]);
    if (protocol === Protocol.FRAGMENT) return { protocol, fragmentField: random.pick([0, 0, 1, 6, 8, 9, 0xffff]) };
    return { protocol, length: protocol === Protocol.AH ? 4 * random.integer(3, 9) : 8 * random.integer(1, 5) };
  });
}

const LONGEST_PACKET = 2500;

function withLength(spec: PacketSpec, length: number): PacketSpec {
  const least = headersLength(spec) + (spec.payload?.length ?? 0);
  return { ...spec, length: Math.max(least, Math.min(length, LONGEST_PACKET)) };
}

/** The frame with the bytes that a rule looks for where it looks for them, or all but one of them. */
function withPayload(frame: Uint8Array, match: PayloadMatch | undefined, random: Random): Uint8Array {
  if (match === undefined || random.once(4)) return frame;
  const { l3Offset, l4Offset, payloadOffset } = parseFrame(frame, { ifindex: 0 });
  const start = { frame: 0, network: l3Offset, transport: l4Offset, payload: payloadOffset }[match.base] + match.offset;
  const short = random.once(6) ? 1 : 0;
  const longer = new Uint8Array(Math.max(frame.length, Math.min(start + match.bytes.length - short, LONGEST_PACKET)));
  longer.set(frame);
  const wrong = random.once(4) ? random.integer(0, match.bytes.length - 1) : -1;
  match.bytes.forEach((byte, index) => {
    const mask = match.mask[index] as number;
    const old = longer[start + index];
    if (old !== undefined) longer[start + index] = ((old & ~mask) | (byte & mask)) ^ (index === wrong ? 0x40 : 0);
  });
  return longer;
}
