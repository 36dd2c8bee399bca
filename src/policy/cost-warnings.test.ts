import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { checkPolicy } from './check.ts';
import type { CheckedPolicy } from './checked.ts';
import { compilePolicy } from './compile.ts';
import { costWarnings } from './cost-warnings.ts';
import { createRandom, type FiveTuple, generateRules, shapes, toPolicyRules } from './testing/classbench.ts';

function warningsOf(rules: readonly FiveTuple[]) {
  const document = {
    version: 1,
    interfaces: ['eth0'],
    ingress: { default: 'drop', rules: toPolicyRules(rules, 'v4') },
  };
  const { policy } = checkPolicy({ path: 'policy.yaml', text: stringify(document, { aliasDuplicateObjects: false }) });
  return costWarnings(compilePolicy(policy as CheckedPolicy, { interfaceIndex: () => 1 }));
}

test('rules with wide ranges of ports from anywhere are named', () => {
  const random = createRandom(9);
  const any = { address: 0n, length: 0 };
  const rules = Array.from({ length: 3_000 }, (_, i): FiveTuple => {
    const srcPort = [random(30_000), 33_000 + random(30_000)] as const;
    return { src: any, dst: any, srcPort, dstPort: [i, 33_000 + i], protocol: 6 };
  });
  const [warning, ...others] = warningsOf(rules);
  expect(others).toEqual([]);
  expect(warning).toMatchObject({ code: 'policy/costly-rules', severity: 'warning', place: { line: 7 } });
  expect(warning?.message).toMatch(/^a packet may be compared with \d,\d{3} rules one by one, \d+ µs: "rule-0", /);
});

test.each(shapes)('rules like those of ClassBench draw none: %s', (shape) => {
  expect(warningsOf(generateRules(shape, 3_000))).toEqual([]);
});
