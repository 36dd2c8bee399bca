import type { InterfaceEvent, InterfaceMonitor } from '../kernel/index.ts';
import type { AttachOptions } from './attach.ts';
import { type InterfaceChange, type Reconciliation, reconcile } from './interfaces-reconcile.ts';
import type { Paths } from './paths.ts';
import type { EnforcementState } from './state.ts';

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
  /** Calls with the state that is written down, in the policy's namespace and under its lock, and writes what it gives. */
  readonly change: (act: (state: EnforcementState) => ReturnType<typeof reconcile>) => readonly InterfaceChange[];
}

/** Not all that stands in the way is told of when it goes: a program of others that a BPF link holds. */
const RETRY_MS = 1000;

/** Nobody may ever listen. */
const MOST_UNHEARD = 1000;

/**
 * From the event loop: each interface that the policy is for is attached when it appears, and let go of when it is gone.
 */
export function followInterfaces({ monitor, paths, attach, change }: FollowOptions): InterfaceFollowing {
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
    for (const one of change((state) => reconcile(state, given))) tell(one);
    clearTimeout(retry);
    if (refused.size > 0) retry = setTimeout(() => look(monitor.refresh()), RETRY_MS).unref();
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
