import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Problem } from '../diagnostics/problem.ts';
import { renderProblem } from '../diagnostics/render.ts';
import { checkPolicy } from './check.ts';
import { type CompileOptions, compilePolicy } from './compile.ts';
import { classbench, type FiveTuple, shapes, toIpv6, toPolicyRules } from './testing/classbench.ts';
import { hardLists } from './testing/hard-lists.ts';
import { warnOfCost } from './warn-of-cost.ts';

function warnings(rules: readonly object[], how: Pick<CompileOptions, 'structure'> = {}, stage = 'ingress'): Problem[] {
  const stages = { [stage]: stage === 'prefilter' ? rules : { default: 'allow', rules } };
  const text = stringify({ version: 1, interfaces: ['eth0'], ...stages });
  const { policy, problems } = checkPolicy({ path: 'policy.yaml', text });
  if (policy === undefined) throw new Error(problems[0]?.message);
  return warnOfCost(compilePolicy(policy, { ...how }));
}

const doing = (list: readonly FiveTuple[], action: unknown) =>
  toPolicyRules(list, 'v4').map((rule) => ({ ...rule, action }));

describe('what rules cost', () => {
  test.each(shapes)('is no warning where they can be looked up: %s', { timeout: 60_000 }, (shape) => {
    for (const size of [500, 10_000]) {
      const { rules } = classbench(shape, size);
      expect(warnings(toPolicyRules(rules, 'v4'))).toEqual([]);
      expect(warnings(toPolicyRules(toIpv6(rules), 'v6'))).toEqual([]);
    }
  });

  test('is none where rules overlap and decide: they are parted by where they end', () => {
    expect(warnings(toPolicyRules(hardLists.overlapping(3_000), 'v4'))).toEqual([]);
    expect(warnings(toPolicyRules(hardLists.ranges(3_000), 'v4'))).toEqual([]);
  });

  test('is told with the rules that cost, the first one’s line, and what to do', () => {
    const [warning, ...others] = warnings(doing(hardLists.overlapping(1_000), 'count'), {}, 'egress');
    expect(others).toEqual([]);
    expect(warning).toMatchObject({ code: 'policy/slow-rules', severity: 'warning' });
    expect(warning?.message).toMatch(
      /^\d+ rules of egress \("rule-\d+", "rule-\d+", "rule-\d+" and others\) .* do not decide: .* [\d,]+ (ns|µs) on average, and up to [\d,]+ µs$/,
    );
    const [, first] = /"(rule-\d+)"/.exec(warning?.message ?? '') ?? [];
    const [, where, line, carets] = renderProblem(warning as Problem).split('\n');
    expect(where).toBe(`  policy.yaml:${warning?.place?.line}:${warning?.place?.column}`);
    expect(line).toContain(`name: ${first}`);
    expect(carets).toMatch(/^ +\| +\^+$/);
    expect(warning?.related).toHaveLength(2);
  });

  test('says so where rules that overlap ask for what they are not looked up by', () => {
    const rules = toPolicyRules(hardLists.overlapping(4_000), 'v4').map((rule) => ({ ...rule, ttl: '10-20' }));
    expect(warnings(rules)[0]?.message).toContain('ask for more than they are looked up by');
  });

  test('says so where rules are not looked up at all', () => {
    const rules = toPolicyRules(hardLists.nested(2_000), 'v4');
    expect(warnings(rules)).toEqual([]);
    const [warning] = warnings(rules, { structure: 'straight' });
    expect(warning?.message).toContain('hardly two of them can be looked up together');
  });
});
