import { parseAddress } from '../../../src/packet/address.ts';
import { buildFrame } from '../../../src/packet/build.ts';
import { hasPorts, isIcmp, Protocol } from '../../../src/packet/headers.ts';
import type { PacketSpec } from '../../../src/packet/spec.ts';
import type { Random } from '../../differential/random.ts';

/** Addresses that the host of the lab has, so that what goes to them comes to the input hook. */
export const hostAddresses = {
  4: ['192.0.2.10', '192.0.2.11', '192.0.2.200'],
  6: ['2001:db8:5e::10', '2001:db8:5e::11'],
} as const;

const STRANGERS = {
  4: ['198.51.100.7', '198.51.100.200', '203.0.113.10', '203.0.113.7', '10.0.0.6', '10.1.2.3', '192.0.2.1'],
  6: ['2001:db8:ad::10', '2001:db8:bad::7', '2001:db8:5e::1'],
} as const;

/** TCP and UDP more often than the others; 47 is GRE, 50 ESP. */
const PROTOCOLS = { 4: [6, 6, 6, 17, 17, 17, 1, 132, 47, 50], 6: [6, 6, 6, 17, 17, 17, 58, 132, 50] } as const;

/** No neighbour discovery, which Sluice lets pass whatever a policy says. */
const ICMP_TYPES = { 4: [8, 0, 3, 11, 13], 6: [128, 129, 1, 2, 3] } as const;

export interface PacketsWanted {
  /** `in`, where left out, is for the host; `out` is from it. */
  readonly way?: 'in' | 'out';
  readonly fragments?: boolean;
  /** Numbers that some of the packets have. */
  readonly vlans?: readonly number[];
}

const KINDS = ['first', 'later'] as const;

/** Frames for the host or from it, made of what the ruleset names and what is next to it. */
export function packetsFor(ruleset: string, random: Random, wanted: PacketsWanted = {}): () => Uint8Array {
  const { way = 'in', fragments = false, vlans = [] } = wanted;
  const numbers = [...ruleset.matchAll(/(?<![\d.:a-f/])\d{1,5}(?![\d.:a-f]*[.:a-f])/g)].map(([text]) => Number(text));
  const around = numbers.flatMap((number) => [number - 1, number, number, number, number + 1]);
  const ports = [...around.filter((port) => port > 0 && port < 65_536), 40_000];
  const ttls = [...around.filter((ttl) => ttl > 0 && ttl < 256), 64];
  const named = [...ruleset.matchAll(/[\da-f]*[.:][\da-f.:]+/g)].map(([text]) => parseAddress(text));
  const sources = (family: 4 | 6) => [
    ...STRANGERS[family].map((text) => parseAddress(text)),
    ...named.filter((address) => address?.family === family),
  ];
  const from = { 4: sources(4), 6: sources(6) };
  // The stack drops what comes from one of its own addresses, whatever a ruleset says.
  const own = new Set([...hostAddresses[4], ...hostAddresses[6]].map((text) => parseAddress(text)?.lo));

  return () => {
    const family = random.pick([4, 6] as const);
    const protocol = random.pick<number>(PROTOCOLS[family]);
    const [stranger, src, dst] = [
      parseAddress(STRANGERS[family][0]),
      random.pick(from[family]),
      parseAddress(random.pick<string>(hostAddresses[family])),
    ];
    if (!stranger || !src || !dst) throw new Error('an address that is none');
    const near = random.once(2) ? src : { ...src, lo: src.lo + BigInt(random.integer(0, 3)) };
    // nftables takes other bytes of the packet for the ports of a later fragment of IPv6 (Linux 6.18): Sluice does not.
    const hasLater = family === 4 || !(hasPorts(protocol) || isIcmp(family, protocol));
    const fragment = fragments && random.once(2) ? random.pick(hasLater ? KINDS : (['first'] as const)) : undefined;
    const other = own.has(near.lo) ? stranger : near;
    const spec: PacketSpec = {
      protocol,
      src: way === 'in' ? other : dst,
      dst: way === 'in' ? dst : other,
      ...(vlans.length > 0 && random.once(2) && { vlan: random.pick(vlans) }),
      ...(fragment && { fragment }),
      ...(hasPorts(protocol) && { srcPort: random.pick(ports), dstPort: random.pick(ports) }),
      ...(protocol === Protocol.TCP && { tcpFlags: random.pick([2, 2, 18, 16, 24, 17, 4, 1, 41, 0]) }),
      ...(isIcmp(family, protocol) && {
        icmpType: random.pick<number>(ICMP_TYPES[family]),
        icmpCode: random.pick([0, 4]),
      }),
      ...(random.once(2) && { ttl: random.pick(ttls) }),
      ...(random.once(3) && { dscp: random.pick([8, 46, 10]) }),
      payload: random.bytes(random.integer(1, 80)),
    };
    return buildFrame(spec);
  };
}
