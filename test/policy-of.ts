import { SluiceError } from '../src/diagnostics/problem.ts';
import { checkPolicy } from '../src/policy/check.ts';
import type { CheckedPolicy } from '../src/policy/checked.ts';

/** A policy written in a test. Throws a SluiceError with all that is wrong with it. */
export function policyOf(text: string): CheckedPolicy {
  const { policy, problems } = checkPolicy({ path: 'policy.yaml', text });
  if (policy === undefined) throw new SluiceError(problems);
  return policy;
}
