import { SluiceError } from '../diagnostics/problem.ts';
import type { CheckResult } from '../policy/check.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import type { Session } from './session.ts';

/**
 * The checked policy of a file, for commands that are about something else: its warnings are left to `check` and `up`.
 * @throws SluiceError with all that is wrong with it
 */
export async function readPolicy(path: string): Promise<CheckedPolicy> {
  const { loadPolicy } = await import('../policy/load.ts');
  return loadPolicy(path);
}

/** As `readPolicy`, with the warnings printed to standard error; the result as later versions are checked against it. */
export async function examineWithWarnings(session: Session, path: string): Promise<CheckResult & HasPolicy> {
  const { examinePolicy } = await import('../policy/load.ts');
  const { policy, ...result } = await examinePolicy(path);
  if (!policy) throw new SluiceError(result.problems);
  await session.complain(result.problems);
  return { ...result, policy };
}

interface HasPolicy {
  readonly policy: CheckedPolicy;
}
