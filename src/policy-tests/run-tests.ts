import { dirname, isAbsolute, join } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { didYouMean } from '../diagnostics/suggest.ts';
import { buildFrame } from '../packet/build.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { type Circumstances, type Decision, type VerdictData, verdictData } from '../policy/decision.ts';
import { exampleInterface, matchesAny } from '../policy/interface-pattern.ts';
import { allRules } from '../policy/rule-place.ts';
import { reasonInWords } from '../policy/words/reason.ts';
import type { PolicyTest, TestFile } from './test-file.ts';

export interface TestResult {
  readonly file: string;
  readonly policy: string;
  readonly test: PolicyTest;
  readonly passed: boolean;
  readonly actual: VerdictData;
  /** Why the packet got its verdict. */
  readonly explanation: string;
}

/** Where the policy of a test file is, from the working directory. */
export function policyPath({ source, policy }: Pick<TestFile, 'source' | 'policy'>): string {
  return isAbsolute(policy) ? policy : join(dirname(source.path), policy);
}

/** What judges the packets of tests by their policy. */
export type JudgeFrame = (frame: Uint8Array, circumstances: Circumstances) => Decision;

/** Runs the tests of one file, all against one judge. */
export function runTests(file: TestFile, policy: CheckedPolicy, judge: JudgeFrame): TestResult[] {
  return file.tests.map((test) => runTest(file, policy, judge, test));
}

function runTest(file: TestFile, policy: CheckedPolicy, judge: JudgeFrame, test: PolicyTest): TestResult {
  const name = test.interface ?? exampleInterface({ any: policy.interfaces, none: [] });
  const circumstances = {
    direction: test.direction,
    ...(name !== undefined && { interface: name }),
    ...(test.timeMs !== undefined && { timeMs: test.timeMs }),
  };
  const decision = judge(buildFrame(test.packet), circumstances);
  const actual = verdictData(decision, policy);
  return {
    file: file.source.path,
    policy: policyPath(file),
    test,
    passed: meets(test, actual),
    actual,
    explanation: reasonInWords(decision, policy),
  };
}

function meets({ expect, rule, reason }: PolicyTest, actual: VerdictData): boolean {
  return (
    actual.verdict === expect &&
    (rule === undefined || actual.rule === rule) &&
    (reason === undefined || actual.reason === reason)
  );
}

/** Names in a test file that its policy does not have. */
export function checkNames({ tests }: TestFile, policy: CheckedPolicy): Problem[] {
  const rules = allRules(policy).map(({ name }) => name);
  return tests.flatMap(({ rule, rulePlace: place, place: packetPlace, interface: name }) => [
    ...(typeof rule === 'string' && !rules.includes(rule)
      ? [unknown(`the policy has no rule "${rule}"`, place ?? packetPlace, didYouMean(rule, rules))]
      : []),
    ...(name !== undefined && !matchesAny(policy.interfaces, name)
      ? [unknown(`interface "${name}" is none of the policy's`, packetPlace, didYouMean(name, policy.interfaces))]
      : []),
  ]);
}

function unknown(message: string, place: PolicyTest['place'], help: string | undefined): Problem {
  return { code: 'test/invalid', message, place, ...(help !== undefined && { help }) };
}
