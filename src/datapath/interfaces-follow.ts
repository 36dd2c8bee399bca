import type { InterfaceEvent, InterfaceMonitor } from '../kernel/index.ts';
import type { AttachOptions } from './attach.ts';
import { type InterfaceChange, type Reconciliation, reconcile } from './interfaces-reconcile.ts';
import type { Paths } from './paths.ts';
import { problemsOf } from './refusals.ts';
import { type EnforcementState, stateStamp, writeState } from './state.ts';

/** Interfaces that come and go are followed for as long as a policy is in force. */
export interface InterfaceFollowing {
  /** At first those that nobody has heard of yet. */
  onChange(callback: (change: InterfaceChange) => void): void;
  close(): void;
}

export interface FollowOptions {
  /** Of the policy's namespace; closed with this. */
  readonly monitor: InterfaceMonitor;
  readonly paths: Paths;
  readonly attach: AttachOptions;
  /** Calls in the policy's namespace and under its lock. */
  readonly exclusively: <T>(action: () => T) => T;
  readonly isGone: () => boolean;
  readonly state: () => EnforcementState;
  /** That is the state from now on, which has been written down. */
  readonly take: (state: EnforcementState, stamp: string) => void;
}

/** Not all that stands in the way is told of when it goes: a program of others that a BPF link holds. */
const RETRY_MS = 1000;

/** Nobody may ever listen. */
const MOST_UNHEARD = 1000;

/**
 * From the event loop: each interface that the policy is for is attached when it appears, and let go of when it is gone.
 */
export function followInterfaces({ monitor, paths, attach, ...enforcement }: FollowOptions): InterfaceFollowing {
  const refused: Reconciliation['refused'] = new Map();
  const unheard: InterfaceChange[] = [];
  let heard: ((change: InterfaceChange) => void) | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;

  monitor.subscribe(look, { keepAlive: false });
  // What has appeared before anybody watched, and what could not be attached to at first.
  setImmediate(() => look([])).unref();

  function look(events: readonly InterfaceEvent[]): void {
    if (isClosed) return;
    const moved = new Set(events.flatMap((event) => (event.what === 'gone' && event.moved ? event.link.index : [])));
    const formerNames = new Map(
      events.flatMap((event) => (event.what === 'renamed' ? [[event.link.index, event.before.name] as const] : [])),
    );
    const given = { paths, links: monitor.links, moved, formerNames, refused, options: attach };
    for (const one of enforcement.exclusively(() => change(given))) tell(one);
    clearTimeout(retry);
    if (refused.size > 0) retry = setTimeout(() => look(monitor.refresh()), RETRY_MS).unref();
  }

  function change(given: Reconciliation): readonly InterfaceChange[] {
    if (enforcement.isGone()) return [];
    const before = enforcement.state();
    const { state, changes } = reconcile(before, given);
    if (state === before) return changes;
    // What cannot be written down is in force all the same.
    const problems = problemsOf(() => writeState(paths.state, state), []);
    enforcement.take(state, stateStamp(paths.state));
    return changes.map((one) => ({ ...one, problems: [...one.problems, ...problems] }));
  }

  function tell(one: InterfaceChange): void {
    if (heard) heard(one);
    else if (unheard.length < MOST_UNHEARD) unheard.push(one);
  }

  return {
    onChange: (callback) => {
      heard = callback;
      for (const one of unheard.splice(0)) callback(one);
    },
    close: () => {
      isClosed = true;
      clearTimeout(retry);
      monitor.close();
    },
  };
}
