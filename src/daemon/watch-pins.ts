import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { DaemonContext } from './context.ts';
import { outcome } from './revision.ts';
import type { createTurns } from './turns.ts';

const LOOK_MS = 1_000;

/**
 * Puts the policy in force again when its pins have gone without anybody having taken it down: the BPF file system was
 * unmounted or emptied, and the kernel let go of what only the pins held. What was pending is not put in force again.
 * Ends with what it returns.
 */
export function watchPins(context: DaemonContext, inTurn: ReturnType<typeof createTurns>): () => void {
  const { inForce, history, emit } = context;

  function putAgain(): void {
    const { lost } = inForce;
    if (!lost) return;
    if (context.waiting !== undefined) history.settle(context.waiting, outcome('interrupted'));
    context.waiting = undefined;
    const path = lost.policy.source.path;
    try {
      inForce.put(lost, {});
      emit({ event: 'problems', problems: [pinsLost(`${path} was not in force any more, and is again`)] });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      context.startProblems = [pinsLost(`${path} is not in force any more`), ...error.problems];
      emit({ event: 'problems', problems: context.startProblems });
    }
  }

  const timer = setInterval(() => {
    if (inForce.lost) void inTurn(putAgain).catch(() => {});
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

const pinsLost = (what: string): Problem => ({
  code: 'daemon/pins-lost',
  severity: 'warning',
  message: `the pins of what is in force have gone from the BPF file system: ${what}`,
});
