import { existsSync } from 'node:fs';
import { SluiceError } from '../../diagnostics/problem.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { readPolicy } from '../policy.ts';

/**
 * The policy that an argument names: a file, or by its number a revision of the daemon's history.
 * @throws SluiceError with all that is wrong with it
 */
export async function resolvePolicy(name: string): Promise<CheckedPolicy> {
  return /^[1-9]\d{0,9}$/.test(name) && !existsSync(name)
    ? await policyOfRevision(Number(name))
    : await readPolicy(name);
}

async function policyOfRevision(number: number): Promise<CheckedPolicy> {
  const [{ createDaemonClient }, { examineText }] = await Promise.all([
    import('../../api/client.ts'),
    import('../../policy/load.ts'),
  ]);
  const { policy: kept } = await createDaemonClient().ask('revision', { number });
  if (!kept) {
    const message = `revision ${number} took the policy out of force: it has none`;
    throw new SluiceError({ code: 'daemon/no-revision', message });
  }
  const { path, text, evaluated } = kept;
  const { policy, problems } = examineText({ source: { path, text }, evaluated });
  if (!policy) throw new SluiceError(problems);
  return policy;
}
