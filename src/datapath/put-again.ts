import type { CheckedPolicy } from '../policy/checked.ts';
import { interfacesOf } from './interfaces-chosen.ts';
import { isNoMemory } from './no-memory.ts';
import type { Paths } from './paths.ts';
import { multiBufferFor, type PutInForce, type PutOptions, putInForce } from './put-in-force.ts';
import type { Retained } from './retained.ts';
import type { EnforcementState } from './state.ts';

/** As `putInForce`, by a generation that has been kept where the policy was in force before. */
export function putAgainOrAnew(
  retained: Retained,
  next: CheckedPolicy,
  paths: Paths,
  before: EnforcementState,
  options: PutOptions,
): PutInForce {
  const multiBuffer = multiBufferFor(interfacesOf(next), before);
  const again = options.observe ? undefined : retained.take(next, multiBuffer);
  try {
    return putInForce(next, paths, before, { ...options, ...(again && { again: again.generation }) });
  } catch (error) {
    if (again) retained.keep(again);
    // What is kept for the way back must not be in the way forward.
    if (!isNoMemory(error) || !retained.clear()) throw error;
    return putInForce(next, paths, before, options);
  }
}
