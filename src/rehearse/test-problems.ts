import type { Problem } from '../diagnostics/problem.ts';
import { decidedBy } from '../policy/decision.ts';
import type { TestResult } from '../policy-tests/run-tests.ts';

/** An error for each test that failed, where it stands in its file. */
export function testProblems(results: readonly TestResult[]): Problem[] {
  return results
    .filter(({ passed }) => !passed)
    .map(({ test, actual }) => ({
      code: 'rehearsal/test-failed',
      message: `test "${test.name}" expects ${test.expect}${byWhom(test)}, and the policy says ${actual.verdict} by ${decidedBy(actual)}`,
      place: test.place,
    }));
}

function byWhom({ rule, reason }: TestResult['test']): string {
  if (reason !== undefined) return ` by ${reason}`;
  return rule === undefined ? '' : ` by ${rule ?? 'no rule'}`;
}
