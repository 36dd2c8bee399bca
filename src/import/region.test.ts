import { describe, expect, test } from 'vitest';
import {
  and,
  DOMAINS,
  type Field,
  FLAGS,
  joined,
  type Match,
  not,
  only,
  or,
  type Region,
  TRANSPORT,
} from './region.ts';
import { rangesOf } from './value.ts';

/** A packet as its fields: those of the transport header are not there in a later fragment. */
type Packet = { readonly [Name in Field]?: bigint };

function contains(region: Region, packet: Packet): number {
  const has = (match: Match) =>
    Object.entries(match).every(([name, value]) => {
      const field = packet[name as Field];
      return (
        field !== undefined && rangesOf(value, DOMAINS[name as Field]).some(([lo, hi]) => lo <= field && field <= hi)
      );
    });
  return region.filter(has).length;
}

const whole = (over: Packet): Packet => {
  const packet: Record<string, bigint> = {
    from: 5n,
    to: 7n,
    protocol: 6n,
    fragment: 0n,
    port: 22n,
    fromPort: 9n,
    ttl: 64n,
  };
  for (const flag of FLAGS) packet[flag] = 0n;
  Object.assign(packet, over);
  if (packet['fragment'] === 2n) for (const field of TRANSPORT) delete packet[field];
  return packet;
};
const packets = [5n, 500n].flatMap((from) =>
  [6n, 17n].flatMap((protocol) =>
    [0n, 1n, 2n].flatMap((fragment) =>
      [22n, 80n, 81n].map((port) => whole({ from, protocol, fragment, port, syn: port & 1n })),
    ),
  ),
);

const tcp = only('protocol', [6n, 6n]);
const regions: Record<string, Region> = {
  'a port': and(tcp, only('port', [80n, 81n])),
  'an address and a port': and(tcp, only('from', [0n, 100n]), only('port', [22n, 22n])),
  'one flag': and(tcp, only('syn', [1n, 1n])),
  'two things': or(and(tcp, only('port', [80n, 80n])), only('from', [0n, 100n])),
  'later fragments': only('fragment', [2n, 2n]),
  nothing: [],
  everything: [{}],
};

describe.each(Object.entries(regions))('%s', (_, region) => {
  test('a packet is in the region or in its opposite, and in one match of it', () => {
    for (const packet of packets) {
      expect(contains(region, packet) + contains(not(region), packet)).toBe(1);
      expect(contains(not(not(region)), packet)).toBe(contains(region, packet));
    }
  });

  test('joining changes no packet', () => {
    for (const packet of packets) {
      expect(contains(joined(not(region)), packet)).toBe(contains(not(region), packet));
    }
  });
});
