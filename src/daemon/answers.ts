import type { Difference, Pending } from '../datapath/index.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { PolicyText } from '../policy/load.ts';
import type { Rehearsed } from './rehearse.ts';
import type { RevisionSummary } from './revision.ts';

/** By what a change that would cut live SSH connections is refused. */
export interface Guarded {
  readonly force?: boolean | undefined;
  /** SSH_CONNECTION of who asks, and of sessions that it has seen. */
  readonly sessions?: readonly string[] | undefined;
}

export interface RollbackRequest extends Guarded {
  /** A revision; left out, what is pending is given up, else the one before is put in force again. */
  readonly to?: number | undefined;
}

export interface ApplyRequest extends PolicyText, Guarded {
  readonly observe?: boolean | undefined;
  /** The change rolls back by itself after so long, unless it is confirmed. */
  readonly confirmMs?: number | undefined;
  /** Checked and rehearsed, and nothing more. */
  readonly dryRun?: boolean | undefined;
  /** Interfaces that are named and cannot be had are awaited; without, they speak against the policy. */
  readonly wait?: boolean | undefined;
  /** Aborted when who asks has gone: what is not in force by then is given up. */
  readonly gone?: AbortSignal | undefined;
}

/** What came of an apply or a rollback. */
export interface Applied {
  /** Left out of a dry run, and where an apply was rolled back and nothing was in force before. */
  readonly revision?: RevisionSummary;
  readonly rules: number;
  readonly interfaces: readonly { readonly name: string; readonly mode?: 'native' | 'generic' | 'chained' }[];
  readonly warnings: readonly Problem[];
  readonly totalMs: number;
  readonly swapMs?: number;
  readonly pending?: Pending;
  /** Left out of a rollback: only SSH is guarded there. */
  readonly rehearsal?: Rehearsed;
}

/** What only the daemon knows of what is in force; the rest is asked of the kernel, by whoever wants to know. */
export interface DaemonStatus {
  readonly pid: number;
  readonly since: Date;
  readonly stateDir: string;
  /** The one that is in force for good. */
  readonly revision?: RevisionSummary;
  /** The one that waits to be confirmed. */
  readonly waiting?: RevisionSummary;
  readonly pending?: Pending;
  /** What is observed would treat these packets otherwise; left out where nothing is observed. */
  readonly differences?: readonly Difference[];
  readonly problems: readonly Problem[];
}
