import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { judge } from '../../src/policy/model.ts';
import { takenRules } from '../../src/policy/relations/index.ts';
import { allRules } from '../../src/policy/rule-place.ts';
import { checked } from './disagreement.ts';
import { patienceMs, rounds, seed } from './effort.ts';
import { createFrames } from './packets.ts';
import { type PolicyDocument, policyDocument } from './policies.ts';
import { createRandom } from './random.ts';

const taken = ({ prefilter, ingress, egress, sets }: CheckedPolicy, fewRules?: number): Set<number> => {
  const chains = [[...prefilter, ...ingress.rules], egress.rules].map((chain) => takenRules(chain, sets, fewRules));
  return new Set(chains.flatMap((chain) => chain.taken.map(({ rule }) => rule.index)));
};

test('no packet gets to a rule of which that is said: random policies', { timeout: patienceMs }, () => {
  let said = 0;
  for (const round of rounds(5)) {
    for (const [index, document] of fc.sample(policyDocument(), { seed: seed + round, numRuns: 50 }).entries()) {
      const policy = checked(document);
      if (policy === undefined) continue;
      const hidden = taken(policy);
      said += hidden.size;
      if (hidden.size === 0) continue;
      const next = createFrames(policy, createRandom((seed + round) * 50 + index));
      for (let i = 0; i < 600; i++) {
        const { bytes, wireLength, direction, interface: name } = next();
        const { rule, counted, logged } = judge(
          policy,
          bytes,
          parseFrame(bytes, { ifindex: 0, frameLength: wireLength }),
          direction,
          name,
        );
        for (const hit of [rule?.index, ...counted, ...logged]) {
          if (hit !== undefined && hidden.has(hit)) throw new Error(`rule ${hit} is hit:\n${JSON.stringify(document)}`);
        }
      }
    }
  }
  expect(said).toBeGreaterThan(10);
});

/** Rules about few addresses and ports, so that the packets can be gone through one by one. */
const small = (): fc.Arbitrary<PolicyDocument> => {
  const part = fc.tuple(fc.constantFrom(29, 30, 31, 32), fc.integer({ min: 0, max: 7 }));
  const prefix = part.map(([length, n]) => `192.0.2.${n & ~(2 ** (32 - length) - 1)}/${length}`);
  const ports = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })).map((two) => {
    const [lo, hi] = two.map((n) => [0, 1, 2, 3, 4, 65_535][n] as number).sort((a, b) => a - b);
    return `${lo}-${hi}`;
  });
  const match = fc.record(
    { from: prefix, port: ports, protocol: fc.constantFrom('tcp', 'udp') },
    { requiredKeys: ['protocol'] },
  );
  const action = fc.constantFrom('allow', 'drop', 'count');
  const rules = fc.array(fc.tuple(match, action), { minLength: 2, maxLength: 12 });
  return rules.map((list) => ({
    version: 1,
    interfaces: ['eth0'],
    ingress: { rules: list.map(([one, does]) => ({ ...one, action: does })) },
  }));
};

const everyPacket = ['tcp', 'udp'].flatMap((protocol) =>
  [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((address) => [
    ...[0, 1, 2, 3, 4, 5, 65_534, 65_535].map((port) => `${protocol} 192.0.2.${address}:9 > 198.51.100.1:${port}`),
    `${protocol} 192.0.2.${address} > 198.51.100.1 fragment=later`,
    `${protocol} [2001:db8::1]:9 > [2001:db8::2]:3`,
    `${protocol} [2001:db8::1]:9 > [2001:db8::2]:65535`,
    ...[0, 1, 2, 4, 5].map((port) => `${protocol} [2001:db8::1]:9 > [2001:db8::2]:${port}`),
    `${protocol} 2001:db8::1 > 2001:db8::2 fragment=later`,
  ]),
);

test('and of each one that no packet gets to it is said, where boxes tell', { timeout: patienceMs }, () => {
  const frames = everyPacket.map((text) => {
    const frame = buildFrame(parseNotation(text));
    return { frame, packet: parseFrame(frame, { ifindex: 0 }) };
  });
  let said = 0;
  let saidOfMany = 0;
  for (const document of fc.sample(small(), { seed, numRuns: 400 })) {
    const policy = checked(document);
    if (policy === undefined) continue;
    const hit = new Set<number>();
    for (const { frame, packet } of frames) {
      const { rule, counted } = judge(policy, frame, packet, 'ingress', 'eth0');
      for (const index of [rule?.index, ...counted]) if (index !== undefined) hit.add(index);
    }
    const hidden = taken(policy);
    const expected = allRules(policy).filter(({ index }) => !hit.has(index));
    expect([...hidden], JSON.stringify(document)).toEqual(expected.map(({ index }) => index));
    said += hidden.size;
    // As it is done with many rules: some are not found, and no other is.
    const ofMany = taken(policy, 0);
    expect([...ofMany].filter((index) => !hidden.has(index))).toEqual([]);
    saidOfMany += ofMany.size;
  }
  expect(said).toBeGreaterThan(200);
  expect(saidOfMany).toBeGreaterThan(said / 2);
});
