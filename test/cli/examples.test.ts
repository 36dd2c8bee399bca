import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { examinePolicy, loadPolicy } from '../../src/policy/load.ts';
import { allRules } from '../../src/policy/rule-place.ts';
import { findTestFiles } from '../../src/policy-tests/find-test-files.ts';
import { readTestFile } from '../../src/policy-tests/read-test-file.ts';
import { checkNames, policyPath, runTests } from '../../src/policy-tests/run-tests.ts';

const policies = readdirSync('examples')
  .filter((name) => /\.(yaml|ts)$/.test(name) && !name.includes('.test.'))
  .map((name) => join('examples', name));
const testFiles = [...findTestFiles('examples')];

describe('example policies', () => {
  test.each(policies)('%s is in order', async (path) => {
    const { policy, problems } = await examinePolicy(path);
    expect(policy).toBeDefined();
    // What every policy without a rule for replies is reminded of.
    expect(problems.map(({ code }) => code).filter((code) => code !== 'policy/replies-blocked')).toEqual([]);
  });

  test.each(testFiles)('%s: the kernel judges each packet as it says, and every rule decides one', async (path) => {
    const { file, problems } = readTestFile(path);
    expect(problems).toEqual([]);
    if (!file) return;
    const policy = await loadPolicy(policyPath(file));
    expect(checkNames(file, policy)).toEqual([]);
    using rehearsal = openRehearsal(policy);
    const results = runTests(file, policy, rehearsal.judge);
    expect(results.filter(({ passed }) => !passed).map(({ test }) => test.name)).toEqual([]);
    const decided = results.map(({ actual }) => actual.rule);
    const untested = allRules(policy).filter(
      ({ name, action }) => ['allow', 'drop', 'reject'].includes(action.kind) && !decided.includes(name),
    );
    expect(untested.map(({ name }) => name)).toEqual([]);
  });

  test('each policy has its tests', () => {
    const tested = testFiles.map((path) => basename(path).replace('.test.yaml', ''));
    expect(policies.map((path) => basename(path).replace(/\.\w+$/, '')).sort()).toEqual(tested.sort());
  });
});
