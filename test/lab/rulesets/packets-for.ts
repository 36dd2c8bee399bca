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

/** Frames for the host, made of what the ruleset names and what is next to it. */
export function packetsFor(ruleset: string, random: Random): () => Uint8Array {
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
    const spec: PacketSpec = {
      protocol,
      src: own.has(near.lo) ? stranger : near,
      dst,
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
