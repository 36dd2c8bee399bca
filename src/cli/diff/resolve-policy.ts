import type { CheckedPolicy } from '../../policy/checked.ts';
import { readPolicy } from '../policy.ts';

/**
 * The policy that an argument names: a file. The one place to change where a policy can be named in another way, as a
 * revision of the daemon's history.
 * @throws SluiceError with all that is wrong with it
 */
export const resolvePolicy = (name: string): Promise<CheckedPolicy> => readPolicy(name);
