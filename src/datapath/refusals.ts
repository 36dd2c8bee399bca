import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { Changing } from './change.ts';
import type { EnforcementState } from './state.ts';

export function changePending({ change }: Changing): SluiceError {
  const how = change.kind === 'trial' ? 'on trial' : 'observed';
  const message = `${change.after.policy.path} is ${how}: confirm it or roll it back before another takes its place`;
  return new SluiceError({ code: 'datapath/change-pending', message });
}

export function alreadyEnforced({ pid, settled, change }: EnforcementState): SluiceError {
  return new SluiceError({
    code: 'datapath/already-enforced',
    message: `process ${pid} enforces ${(settled ?? change?.after)?.policy.path} here`,
    help: 'Stop it with Ctrl-C, or with `sluice down`.',
  });
}

export function nothingPending(): SluiceError {
  const message = 'no policy is on trial or observed here: there is nothing to confirm or roll back';
  return new SluiceError({ code: 'datapath/nothing-pending', message });
}

export function pendingElsewhere({ pid, change }: Changing): SluiceError {
  const message = `process ${pid} has ${change.after.policy.path} on trial: it confirms or rolls back`;
  return new SluiceError({ code: 'datapath/already-enforced', message });
}

/** What the action meets with, told behind `context`; nothing where it succeeds. */
export function problemsOf(action: () => void, context: readonly Problem[]): readonly Problem[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof SluiceError) return [...context, ...error.problems];
    throw error;
  }
}
