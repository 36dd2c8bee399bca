import type { Problem } from '../diagnostics/problem.ts';
import type { Paths } from './paths.ts';
import { type EnforcementState, isOwn, readState, stateStamp } from './state.ts';

/** What this process has written down last. */
export interface Written {
  readonly state: EnforcementState;
  /** Of the file. */
  readonly stamp: string;
  readonly warnings: readonly Problem[];
}

/** Whether another process has put a policy in force after this one's was taken down. */
export function belongsToAnother(paths: Paths, stamp: string): boolean {
  try {
    if (stateStamp(paths.state) === stamp) return false;
    const state = readState(paths.state);
    return state !== undefined && !isOwn(state);
  } catch {
    // Nobody else writes a state that cannot be read.
    return false;
  }
}
