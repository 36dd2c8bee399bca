import type { AttachOptions } from './attach.ts';
import type { Absent } from './interfaces-chosen.ts';
import type { LeftObservation } from './left-observation.ts';
import type { RuntimeMembers } from './runtime-members.ts';

/** How far a change has come: a process may be killed at any of them, and one whole policy judges. */
export type ApplyStep =
  | 'compiled'
  | 'built'
  | 'pinned'
  /** What is on its way is written down. */
  | 'recorded'
  /** The switch stands at every hook, and calls the generation before. */
  | 'switch-attached'
  /** The new generation judges. A trial stays here until it is confirmed or ends. */
  | 'switched'
  /** Its own programs stand at its hooks, and what was before is gone. */
  | 'settled';

export interface UpdateOptions {
  /** The change rolls back by itself after so long unless it is confirmed: the kernel keeps the deadline. */
  readonly trialMs?: number;
  /** Judge and count, and do nothing to packets: the generation before goes on. With `trialMs`, that ends by itself. */
  readonly observe?: boolean;
  /**
   * About interfaces that cannot be had; `refuse` where left out. Whatever it is, interfaces that appear later are attached,
   * and what has been in force waits for one that goes.
   */
  readonly absent?: Absent;
  /** With `observe`: the one that it goes on with, until the same deadline. */
  readonly resume?: LeftObservation;
  /** Progress, in order. */
  readonly onStep?: (step: ApplyStep) => void;
}

export interface EnforceOptions extends AttachOptions, UpdateOptions {
  /** What was added to dynamic sets before, for one as `openSetOverlay` reads it; the enforcement changes it. */
  readonly runtimeMembers?: RuntimeMembers;
}
