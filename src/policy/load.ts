import { SluiceError } from '../diagnostics/problem.ts';
import { type CheckResult, checkPolicy } from './check.ts';
import type { CheckedPolicy } from './checked.ts';
import { decodeText, readRegularFile } from './parse/read-file.ts';

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads and checks a policy file; its format is told by its name. Throws SluiceError with all that is wrong. */
export async function loadPolicy(path: string): Promise<CheckedPolicy> {
  const { policy, problems } = await examinePolicy(path);
  if (!policy) throw new SluiceError(problems);
  return policy;
}

/** As `loadPolicy`, with the warnings, and with what is wrong as a result: for commands that show both. */
export async function examinePolicy(path: string): Promise<CheckResult> {
  const bytes = readRegularFile(path, MAX_BYTES);
  if (!Buffer.isBuffer(bytes)) return { problems: [bytes] };
  const decoded = decodeText(bytes);
  if ('reason' in decoded)
    return { problems: [{ code: 'policy/not-text', message: `${path} is not a text: it has ${decoded.reason}` }] };
  return checkPolicy({ path, text: decoded.text });
}
