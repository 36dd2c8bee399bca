import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openRehearsal, type Rehearsal } from '../../src/datapath/rehearsal.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import type { CheckedPolicy, CheckedRule } from '../../src/policy/checked.ts';
import { judge } from '../../src/policy/model.ts';
import {
  createRandom,
  drawHeaders,
  type FiveTuple,
  generateRules,
  type Header,
  type Random,
  shapes,
  toIpv6,
  toPolicyRules,
} from '../../src/policy/testing/classbench.ts';
import { hardLists } from '../../src/policy/testing/hard-lists.ts';
import { type Family, frameOf } from '../../src/policy/testing/header-frames.ts';
import { checked } from './disagreement.ts';
import { fuzzMinutes, patienceMs, rounds, seed } from './effort.ts';
import type { PolicyDocument } from './policies.ts';

/** Rules of a list, by round. */
const sizes = [300, 20, 1_000] as const;
/** Packets that a list is asked about: with six lists more than 100,000 a family in a round. */
const PACKETS = 16_700;
const WANTED = fuzzMinutes === undefined ? 100_000 : 1_000_000;

const lists: readonly ((count: number, seed: number) => FiveTuple[])[] = [
  ...shapes.map((shape) => (count: number, seed: number) => generateRules(shape, count, seed)),
  ...Object.values(hardLists),
];

/** What else rules may ask, and other things than to decide: each is met by some of the packets. */
function variety(rule: Record<string, unknown>, random: Random): Record<string, unknown> {
  const extras: Record<string, unknown>[] = [
    { length: `${random(40)}-${41 + random(1400)}` },
    { ttl: '32-128' },
    { dscp: random(2) },
    { payload: { at: 'transport', offset: 0, bytes: '00' } },
    { action: 'count' },
    { action: { mark: random(65_536) } },
    { action: { log: { rate: '1/s' } } },
    { action: 'reject' },
    { filter: 'greater 60' },
    { from: '@nets' },
    { to: ['@nets', rule['to'] ?? '@nets'] },
    { from: `!${typeof rule['from'] === 'string' ? rule['from'] : '@nets'}` },
    { to: ['!@nets'] },
  ];
  if (rule['protocol'] === 'tcp') extras.push({ tcpFlags: random(2) === 0 ? 'syn' : 'fin' });
  if (rule['protocol'] === 'tcp' || rule['protocol'] === 'udp') {
    const port = random(65_000);
    extras.push({ port: [22, 80, 443, `${port}-${port + random(500)}`] });
    extras.push({ port: [`!${port}`, '!80'], fromPort: `!${random(1024)}` });
    extras.push({ port: Array.from({ length: 40 }, (_, i) => port + 7 * i) });
    extras.push({ protocol: ['tcp', 'udp'], port: [53, `${port}-65535`] });
  }
  return random(3) === 0 ? { ...rule, ...extras[random(extras.length)] } : rule;
}

function policyOf(rules: readonly FiveTuple[], family: Family, random: Random): CheckedPolicy {
  const written = toPolicyRules(rules, family);
  const nets = written.flatMap(({ from }) => (typeof from === 'string' ? from : [])).filter((_, i) => i % 9 === 0);
  const document = {
    version: 1,
    interfaces: ['eth0'],
    sets: { nets: nets.length > 0 ? nets.slice(0, 50) : ['192.0.2.0/24'] },
    ingress: { default: 'reject', rules: written.map((rule) => variety(rule, random)) },
  };
  const policy = checked(document as unknown as PolicyDocument);
  if (policy === undefined) throw new Error(`not a policy:\n${stringify(document)}`);
  return policy;
}

/** Some rules gone, and some of another policy come: those that stay keep their matches, so that trees are patched. */
function changed(policy: CheckedPolicy, other: CheckedPolicy, random: Random): CheckedPolicy {
  const rules: CheckedRule[] = [...policy.ingress.rules];
  const at = random(rules.length);
  const come = other.ingress.rules.slice(0, 1 + random(3)).map((rule) => ({ ...rule, name: `new ${rule.name}` }));
  rules.splice(at, random(3), ...come);
  return { ...policy, ingress: { ...policy.ingress, rules: rules.map((rule, index) => ({ ...rule, index })) } };
}

/** Compares what both say of each header; how many a rule has decided. */
function compare(policy: CheckedPolicy, rehearsal: Rehearsal, headers: readonly Header[], family: Family): number {
  let byRule = 0;
  for (const header of headers) {
    const frame = frameOf(header, family);
    const model = judge(policy, frame, parseFrame(frame, { ifindex: 0, frameLength: frame.length }), 'ingress');
    const kernel = rehearsal.judge(frame);
    if (kernel.id !== model.id || kernel.verdict !== model.verdict || kernel.mark !== model.mark) {
      expect({ header, kernel }).toEqual({ header, kernel: model });
    }
    if (model.rule) byRule++;
  }
  return byRule;
}

test.each(['v4', 'v6'] as const)(
  'model and kernel agree on policies like those of ClassBench, and on hard ones: IP%s',
  { timeout: patienceMs },
  (family) => {
    let [packets, byRule] = [0, 0];
    for (const round of rounds(1, () => packets >= WANTED)) {
      for (const list of lists) {
        const random = createRandom(seed + round);
        const made = list(sizes[round % sizes.length] as number, seed + round);
        const rules = family === 'v4' ? made : toIpv6(made);
        const policy = policyOf(rules, family, random);
        const headers = drawHeaders(rules, family === 'v4' ? 32 : 128, PACKETS, random);
        const half = headers.length >> 1;
        using first = openRehearsal(policy, { structure: 'trees' });
        byRule += compare(policy, first, headers.slice(0, half), family);
        const next = changed(policy, policyOf(rules.slice(0, 20), family, random), random);
        using second = openRehearsal(next, { structure: 'trees', previous: first.generation.compiled });
        byRule += compare(next, second, headers.slice(half), family);
        packets += headers.length;
      }
    }
    console.log(`FUZZ_SEED=${seed}: ${packets} packets, ${byRule} decided by a rule`);
    expect(packets).toBeGreaterThanOrEqual(WANTED);
    expect(byRule).toBeGreaterThan(packets / 2);
  },
);
