import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { judge } from '../../src/policy/model.ts';
import {
  createRandom,
  drawHeaders,
  generateRules,
  type Random,
  shapes,
  toIpv6,
  toPolicyRules,
} from '../../src/policy/testing/classbench.ts';
import { frameOf } from '../../src/policy/testing/header-frames.ts';
import { checked } from './disagreement.ts';
import { patienceMs, rounds, seed } from './effort.ts';
import type { PolicyDocument } from './policies.ts';

const RULES = 300;
/** With three shapes: 100,000 packets a family. */
const PACKETS = 33_400;
/** Packets that a family is asked about in a round of a long run. */
const sizes = [RULES, 20, 1_000] as const;

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
  ];
  if (rule['protocol'] === 'tcp') extras.push({ tcpFlags: random(2) === 0 ? 'syn' : 'fin' });
  return random(4) === 0 ? { ...rule, ...extras[random(extras.length)] } : rule;
}

test.each(['v4', 'v6'] as const)(
  'model and kernel agree on policies like those of ClassBench: IP%s',
  { timeout: patienceMs },
  (family) => {
    let [packets, byRule] = [0, 0];
    for (const round of rounds(1)) {
      for (const shape of shapes) {
        const random = createRandom(seed + round);
        const made = generateRules(shape, sizes[round % sizes.length] as number, seed + round);
        const rules = family === 'v4' ? made : toIpv6(made);
        const written = toPolicyRules(rules, family).map((rule) => variety(rule, random));
        const document = { version: 1, interfaces: ['eth0'], ingress: { default: 'reject', rules: written } };
        const policy = checked(document as unknown as PolicyDocument);
        if (policy === undefined) throw new Error(`not a policy:\n${stringify(document)}`);
        using rehearsal = openRehearsal(policy);
        for (const header of drawHeaders(rules, family === 'v4' ? 32 : 128, PACKETS, random)) {
          const frame = frameOf(header, family);
          const model = judge(policy, frame, parseFrame(frame, { ifindex: 0, frameLength: frame.length }), 'ingress');
          const kernel = rehearsal.judge(frame);
          if (kernel.id !== model.id || kernel.verdict !== model.verdict || kernel.mark !== model.mark) {
            expect({ header, kernel }).toEqual({ header, kernel: model });
          }
          packets++;
          if (model.rule) byRule++;
        }
      }
    }
    console.log(`FUZZ_SEED=${seed}: ${packets} packets, ${byRule} decided by a rule`);
    expect(packets).toBeGreaterThanOrEqual(100_000);
    expect(byRule).toBeGreaterThan(packets / 2);
  },
);
