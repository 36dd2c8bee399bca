import { type FoundEnforcement, type Pending, readSituation, type Situation } from '../datapath/index.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { DaemonEvent } from './events.ts';
import type { History } from './history.ts';
import type { InForce } from './in-force.ts';
import { type Outcome, outcome, type RevisionSummary, type Who } from './revision.ts';

/** What the parts of the daemon work on. */
export interface DaemonContext {
  readonly history: History;
  readonly inForce: InForce;
  readonly place: string;
  /** Numbers of revisions: the one in force for good, and the one that waits. */
  current: number | undefined;
  waiting: number | undefined;
  /** What could not be done when the daemon started. */
  startProblems: readonly Problem[];
  emit(event: DaemonEvent): void;
}

/** The record of a revision, while it is kept. */
export const summaryOf = ({ history }: DaemonContext, number: number | undefined): RevisionSummary | undefined =>
  history.revisions.find((one) => one.number === number);

/** What waits to be confirmed, of this process or of one that has gone. */
export const pendingNow = ({ inForce }: DaemonContext): Pending | undefined =>
  inForce.enforcement ? inForce.enforcement.pending : quietly()?.pending;

/** What is in force by the kernel and the record of it; undefined too where that cannot be read. */
export const quietSituation = (): FoundEnforcement | undefined => quietly()?.found;

function quietly(): Situation | undefined {
  try {
    return readSituation();
  } catch {
    return undefined;
  }
}

/** What was pending is not any more, and what was before is in force. */
export function reverted(context: DaemonContext, state: Outcome['state'], by?: Who): void {
  if (context.waiting !== undefined) context.history.settle(context.waiting, outcome(state, by));
  context.waiting = undefined;
  const revision = summaryOf(context, context.current);
  const why = state === 'expired' ? 'deadline' : 'rolled-back';
  context.emit({ event: 'reverted', why, ...(revision && { revision }) });
}
