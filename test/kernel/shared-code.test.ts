import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/model.ts';
import { createRandom } from '../../src/policy/random.ts';
import { policyOf } from '../policy-of.ts';

const COUNT = 1_500;
const hex = (n: number, bytes: number): string => n.toString(16).padStart(2 * bytes, '0');

/** Rules that differ in numbers alone, several for each address, so that a packet comes to many of them. */
const rules = Array.from({ length: COUNT }, (_, i) => {
  const from = [`10.0.${i % 50}.0/24`, `2001:db8:${(i % 50).toString(16)}::/48`];
  const port = 60 + (i % 7);
  const payload = (bytes: string, at = 'payload') => ({ payload: { at, offset: i % 3, bytes } });
  const kinds = [
    { action: { mark: 0x8000_0000 + i } },
    { action: { log: { rate: `${1 + i}/s`, burst: 1 + (i % 9) } } },
    { action: 'count', length: `${60 + (i % 40)}-${100 + i}` },
    { action: { mark: i }, ttl: `${i % 64}-${64 + (i % 100)}` },
    { action: 'drop', ...payload(hex(i * 7, 3)) },
    { action: { mark: 7 * i }, ...payload(hex(i % 256, 1)) },
    { action: 'reject', ...payload(`${hex(i, 7)}ff`, 'transport'), length: `1-${i + 20}` },
    { action: 'allow', dscp: i % 3, ttl: i % 256 },
  ];
  return { name: `rule-${i}`, protocol: 'udp', from, port: `${port}-${port + 20}`, ...kinds[i % kinds.length] };
});
const policy = policyOf(stringify({ version: 1, interfaces: ['eth0'], ingress: { default: 'drop', rules } }));

test('rules that differ in their numbers alone are one piece of code in one search', () => {
  const { structures } = compilePolicy(policy);
  const structure = structures.get('stage_ingress');
  if (structure?.kind !== 'by-family') throw new Error('not by family');
  for (const blocks of [structure.v4, structure.v6]) {
    expect(blocks).toHaveLength(1);
    expect(blocks[0]).toMatchObject({ kind: 'trees', operands: { width: expect.any(Number) } });
    expect(blocks[0]?.kind === 'trees' && blocks[0].classes.length).toBeLessThan(40);
  }
});

test('each has its own numbers: marks, rates, ranges and bytes, as the model has them', () => {
  using rehearsal = openRehearsal(policy);
  const random = createRandom(3);
  const decided = new Map<string, number>();
  for (let n = 0; n < 4_000; n++) {
    const i = random(COUNT);
    const net = i % 50;
    const [source, target] =
      n % 2 === 0 ? [`10.0.${net}.9`, '192.0.2.1'] : [`[2001:db8:${net.toString(16)}::9]`, '[2001:db8::1]'];
    // What one of the rules asks for, or nearly, at its place.
    const payload = 'ff'.repeat(i % 3) + hex(i * 7 + random(2), 3) + 'ff'.repeat(random(60));
    const options = `ttl=${random(256)} dscp=${random(4)} payload=${payload}`;
    const bytes = buildFrame(parseNotation(`udp ${source}:4000 > ${target}:${60 + random(30)} ${options}`));
    const model = judge(policy, bytes, parseFrame(bytes, { ifindex: 0, frameLength: bytes.length }), 'ingress');
    const { id, verdict, mark } = rehearsal.judge(bytes);
    expect({ id, verdict, mark }).toEqual({ id: model.id, verdict: model.verdict, mark: model.mark });
    const why = model.rule?.action.kind ?? 'none';
    decided.set(why, (decided.get(why) ?? 0) + 1);
  }
  for (const kind of ['drop', 'allow', 'none']) expect(decided.get(kind)).toBeGreaterThan(5);
});
