import { bootTimeNs } from '../kernel/index.ts';
import { type Changing, type Ending, hasPins, isChanging, settleChange } from './change.ts';
import type { Paths } from './paths.ts';
import { isUnderWay, judgingSide, standingOf } from './standing.ts';
import type { EnforcementState } from './state.ts';

/**
 * Ends what a process that has gone left unfinished, by the one of both generations that judges now: a trial that is
 * not confirmed is rolled back. Nothing is compiled, and no packet is judged by neither.
 * @returns the state as it is from now on
 */
export function settleUnfinished(paths: Paths, state: EnforcementState): EnforcementState | undefined {
  if (!isChanging(state)) return state;
  if (![state.change.after, state.settled].some((one) => one && hasPins(paths, one))) return withoutChange(state);
  const side = judgingSide(paths, state);
  const { kind } = state.change;
  const isConfirmed = kind === 'trial' && side === 'after' && !isUnderWay(paths, state);
  if (kind === 'apply' || kind === 'down' || isConfirmed) return settleChange(paths, state, side).state;
  return settleChange(paths, state, 'before', whyOver(paths, state)).state;
}

/** The pins are gone, with all that was in force: the change is, too. */
function withoutChange({ change: _, ...state }: EnforcementState): EnforcementState {
  return state;
}

/** Of a trial or an observation that is not under way any more, or whose process has gone. */
export function whyOver(paths: Paths, state: Changing): Ending {
  if (state.change.reverted) return 'reverted';
  if (standingOf(paths, state).pending) return 'reverted';
  return isOver(state) && isUnderWay(paths, state) ? 'deadline' : 'interrupted';
}

const isOver = ({ change: { deadlineNs } }: Changing): boolean =>
  deadlineNs !== undefined && BigInt(deadlineNs) <= bootTimeNs();
