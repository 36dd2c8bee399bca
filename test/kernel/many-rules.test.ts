import { describe, expect, test } from 'vitest';
import { buildGeneration } from '../../src/datapath/generation.ts';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { testRun } from '../../src/kernel/index.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { policyOf } from '../policy-of.ts';
import { caught } from './caught.ts';

/** Five-tuple rules that have nothing in common, in both families. */
function policyWith(count: number, action: string): CheckedPolicy {
  const rules = Array.from({ length: count }, (_, n) => {
    const from = `[10.${n >> 8}.${n & 255}.0/24, "2001:db8:${n.toString(16)}::/48"]`;
    return `{ name: rule-${n}, protocol: tcp, from: ${from}, to: [192.0.2.0/24, "2001:db8:ffff::/48"], port: ${n}-${n + 9}, action: ${action} }`;
  });
  return policyOf(`{ version: 1, interfaces: [eth0], ingress: { rules: [\n${rules.join(',\n')}\n] } }`);
}

const hitting4 = (n: number): Uint8Array =>
  buildFrame(parseNotation(`tcp 10.${n >> 8}.${n & 255}.1:1 > 192.0.2.7:${n + 9}`));
const hitting6 = (n: number): Uint8Array =>
  buildFrame(parseNotation(`tcp [2001:db8:${n.toString(16)}::1]:1 > [2001:db8:ffff::7]:${n}`));

/** A program for each rule: with the entry's, one more than there are tail calls that are left for them. */
const oneEach = { partLimits: { instructions: 1, conditionalJumps: 1 }, structure: 'straight' } as const;
const MOST_PROGRAMS = 31;

describe('many rules', () => {
  test.each([
    ['one after the other, by several programs', 'straight', 2],
    ['in trees, by one program', 'trees', 1],
  ] as const)('two thousand are judged, each as itself, %s', (_, structure, programs) => {
    const count = 2000;
    using rehearsal = openRehearsal(policyWith(count, 'drop'), { structure });
    expect(rehearsal.generation.programs.length).toBeGreaterThanOrEqual(programs);
    const asked = [0, 1, 255, 256, 777, 1023, 1500, count - 1];
    const told = asked.flatMap((n) => [
      rehearsal.judge(hitting4(n)).rule?.name,
      rehearsal.judge(hitting6(n)).rule?.name,
    ]);
    expect(told).toEqual(asked.flatMap((n) => [`rule-${n}`, `rule-${n}`]));
    expect(rehearsal.judge(hitting4(count)).reason).toBe('default-ingress');
  });

  test('the last program that the kernel goes on to is reached, and the answer to what it rejects', () => {
    const policy = policyWith(MOST_PROGRAMS, 'reject');
    using rehearsal = openRehearsal(policy, oneEach);
    expect(rehearsal.judge(hitting6(MOST_PROGRAMS - 1)).rule?.name).toBe(`rule-${MOST_PROGRAMS - 1}`);
    using generation = buildGeneration(compilePolicy(policy, { ...oneEach }));
    const XDP_TX = 3;
    expect(testRun(generation.xdp, { data: hitting4(MOST_PROGRAMS - 1) }).returnValue).toBe(XDP_TX);
  });

  test('more than the kernel goes through are refused before it is asked', () => {
    const error = caught(() => openRehearsal(policyWith(MOST_PROGRAMS + 1, 'drop'), oneEach));
    expect(error.problems.map(({ code }) => code)).toEqual(['policy/too-many-rules']);
  });
});
