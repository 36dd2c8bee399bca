import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { boxedRule } from './boxed-rule.ts';
import { checkPolicy } from './check.ts';
import { compilePolicy } from './compile.ts';
import { type Cost, treesCost } from './cost.ts';
import { type FiveTuple, generateRules, shapes, toPolicyRules } from './testing/classbench.ts';
import { hardLists } from './testing/hard-lists.ts';

/** What the trees of a list cost whose rules do what `action` says. */
function costOf(list: readonly FiveTuple[], action?: string): Cost {
  const rules = toPolicyRules(list, 'v4').map((rule) => ({ ...rule, ...(action && { action }) }));
  const text = stringify({ version: 1, interfaces: ['eth0'], ingress: { default: 'allow', rules } });
  const { policy } = checkPolicy({ path: 'policy.yaml', text });
  if (policy === undefined) throw new Error('not a policy');
  const { structures } = compilePolicy(policy, { structure: 'trees' });
  const structure = structures.get('stage_ingress');
  if (structure?.kind !== 'by-family') throw new Error('not by family');
  const block = structure.v4.find(({ kind }) => kind === 'trees');
  if (block?.kind !== 'trees') throw new Error('no trees');
  const boxes = block.rules.flatMap((rule) => boxedRule(rule, 'v4', policy.sets).boxes);
  return treesCost(block.classifier, boxes);
}

describe('the cost of trees', () => {
  test.each(shapes)('is a walk where rules part: %s', (shape) => {
    const { expected, worst } = costOf(generateRules(shape, 2_000));
    expect(expected).toBeLessThan(120); // ns
    expect(worst).toBeLessThan(500);
  });

  test('has what packets are compared with where rules do not part', () => {
    // What counts does not end the search, and a packet is in a quarter of these rules.
    const { expected, worst } = costOf(hardLists.overlapping(3_000), 'count');
    expect(expected).toBeGreaterThan(500);
    expect(worst).toBeGreaterThan(3_000 * 3);
  });

  test('has the rounds of rules that do not decide', () => {
    const list = generateRules('fw1', 500);
    expect(costOf(list, 'count').expected).toBeGreaterThan(costOf(list, 'drop').expected + 20);
  });
});
