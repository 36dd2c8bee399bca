import { bootTimeNs, monitorInterfaces } from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { allRules } from '../policy/rule-place.ts';
import { warnOfCost } from '../policy/warn-of-cost.ts';
import { type Built, builtOf, restated, withSetsOf } from './built.ts';
import { type Changing, hasPins, isChanging, type Side, settleChange } from './change.ts';
import { addMembers, type DynamicSets, listMembers, removeMembers } from './dynamic-sets.ts';
import type { EnforceOptions, UpdateOptions } from './enforce-options.ts';
import type { Enforcement } from './enforcement.ts';
import { type LogEvent, subscribeToLog } from './events.ts';
import type { Generation } from './generation.ts';
import { awaitedBy } from './interfaces-chosen.ts';
import { followInterfaces } from './interfaces-follow.ts';
import { keepTables } from './keep-tables.ts';
import { keepSets } from './kept-sets.ts';
import { exclusively } from './lock.ts';
import { readDifferences } from './observe.ts';
import { pathsHere } from './paths.ts';
import { putAgainOrAnew } from './put-again.ts';
import { type PutInForce, putInForce } from './put-in-force.ts';
import { sweep } from './record-sets.ts';
import { alreadyEnforced, changePending, nothingPending } from './refusals.ts';
import { rememberNamespace } from './remembered-namespace.ts';
import { createRetained } from './retained.ts';
import { requireRights } from './rights.ts';
import { countersOf } from './rule-windows.ts';
import { createRuntimeMembers } from './runtime-members.ts';
import { settleUnfinished } from './settle-unfinished.ts';
import { type Pending, pendingOf } from './standing.ts';
import { type EnforcementState, isAlive, readState, stateStamp, writeState } from './state.ts';
import { takeOutOfForce } from './take-out-of-force.ts';
import { keepSchedules, windowsOf } from './windows.ts';
import { belongsToAnother, type Written } from './written.ts';

/** What has expired is not found anyway; its room is wanted now and then. */
const SWEEP_INTERVAL_MS = 1000;
const PRUNE_MS = 5;

/** How long the end of a trial may go unnoticed by this process after the machine has slept. */
const LOOK_INTERVAL_MS = 1000;

/**
 * Builds the policy's generation and puts it in force on the interfaces of the current network namespace. A policy
 * that a process left in force when it was killed is replaced without a packet in between. On an error, nothing has
 * changed.
 * @throws SluiceError datapath/already-enforced; kernel/interface-missing; what the kernel refuses
 */
export function enforce(initial: CheckedPolicy, given: EnforceOptions = {}): Enforcement {
  requireRights();
  const runtime = given.runtimeMembers ?? createRuntimeMembers();
  const options = { ...given, runtimeMembers: runtime };
  const paths = pathsHere();
  let policy = initial;
  const here = rememberNamespace();
  let first: PutInForce;
  const monitor = monitorInterfaces();
  try {
    first = exclusively(paths, () => {
      const found = readState(paths.state);
      if (found && isAlive(found)) throw alreadyEnforced(found);
      return putInForce(policy, paths, found && settleUnfinished(paths, found), options);
    });
  } catch (error) {
    monitor.close();
    here.close();
    throw error;
  }
  const asWritten = ({ state, warnings }: PutInForce): Written => ({ state, warnings, stamp: stateStamp(paths.state) });
  const { trialMs: _, observe: __, onStep: ___, resume: ____, ...asGiven } = options;
  // What is put in force again by itself must not fail because an interface has gone.
  const attachOptions = { ...asGiven, absent: 'wait' } as const;
  let written: Written = asWritten(first);
  let current = builtOf(first, policy);
  /** In whose place a policy is on trial, where this process has built it. */
  let previous: Built | undefined;
  /** What is observed beside the policy in force; that one itself, where nothing is. */
  let observed: Built | undefined;
  const retained = createRetained();
  /** What this process had in force is not any more. */
  let isOver = false;
  let ending: NodeJS.Timeout | undefined;
  let heardOfEnd: ((why: 'deadline') => void) | undefined;
  let hear: ((event: LogEvent) => void) | undefined;
  let unsubscribe = (): void => {};
  const sweeper = setInterval(() => {
    for (const generation of loaded()) sweep(generation);
    runtime.prune(PRUNE_MS);
  }, SWEEP_INTERVAL_MS).unref();
  const loaded = (): Generation[] => [...built(), ...retained.all()].map(({ generation }) => generation);
  const dynamicSets = (): DynamicSets => ({ sets: kept.sets, generations: loaded(), runtime });
  const kept = keepSets({
    ...{ first: policy.sets, runtime, retained },
    ...{ current: () => current, built, replaceGeneration: () => replaceGeneration() },
  });
  const tables = keepTables({ paths, judging: () => (observed === current ? undefined : current) });
  const schedules = keepSchedules(() => loaded().flatMap(windowsOf));

  function isGone(): boolean {
    return isOver || belongsToAnother(paths, written.stamp) || !hasPins(paths, current.state);
  }

  /** Asked again under the lock: who is about to take it out of force removes pins before the record. */
  function isLost(): boolean {
    const isRecorded = () => !isOver && stateStamp(paths.state) === written.stamp && !hasPins(paths, current.state);
    return isRecorded() && exclusivelyHere(isRecorded);
  }

  /** What the policy is attached to has changed. */
  function takeState(state: EnforcementState, stamp: string): void {
    const isObserved = observed === current;
    written = { ...written, state, stamp };
    current = restated(current, state);
    previous &&= restated(previous, state);
    observed = isObserved ? current : observed && restated(observed, state);
  }

  function subscribe(): void {
    unsubscribe();
    if (hear) unsubscribe = subscribeToLog(current.generation, allRules(policy), hear);
  }

  /** What may judge: the generation in force, the one that it is on trial in place of, and what is observed. */
  function built(): Built[] {
    return [...new Set([current, ...(previous ? [previous] : []), ...(observed ? [observed] : [])])];
  }

  function exclusivelyHere<T>(action: () => T): T {
    return here.call(() => exclusively(paths, action));
  }

  function replaceGeneration(next: CheckedPolicy = { ...policy, sets: kept.sets }, update: UpdateOptions = {}): void {
    endIfOver();
    if (isChanging(written.state)) throw changePending(written.state);
    const { generation } = current;
    const put = exclusivelyHere((): PutInForce | undefined => {
      // Asked under the lock: what another process has just taken down stays down.
      if (isGone()) return undefined;
      const put = { ...attachOptions, ...update, previous: generation };
      return putAgainOrAnew(retained, next, paths, written.state, put);
    });
    if (put === undefined) return;
    written = asWritten(put);
    const before = current;
    const fresh = builtOf(put, next);
    if (update.observe) observed = fresh;
    else inForce(fresh);
    if (!isChanging(written.state)) {
      retained.keep(before);
      return;
    }
    if (!update.observe) previous = before;
    tables.watch(written.state);
    awaitDeadline();
  }

  /** From now on that is what this process tells of. */
  function inForce(next: Built): void {
    current = next;
    ({ policy } = next);
    subscribe();
    kept.take(policy.sets);
  }

  function pending(): Pending | undefined {
    const { state } = written;
    return isChanging(state) && !isOver ? pendingOf(state, 'after') : undefined;
  }

  function settle(side: Side, why?: 'deadline' | 'reverted'): void {
    clearTimeout(ending);
    const state = written.state as Changing;
    const known = kept.sets;
    const settled = exclusivelyHere(() => {
      if (isGone()) return undefined;
      // What another process has built is not this one's to tell of: the next takes it over.
      const isHandedBack = side === 'before' && previous === undefined && (!observed || observed === current);
      return settleChange(paths, isHandedBack ? { ...state, processStart: '' } : state, side, why);
    });
    tables.watch(settled?.state ?? written.state);
    if (settled === undefined) return;
    const goOn = kept.pause();
    if (settled.state) written = { state: settled.state, stamp: stateStamp(paths.state), warnings: settled.warnings };
    if (observed) {
      if (observed === current) isOver = true;
      else observed.generation.close();
      observed = undefined;
    } else if (side === 'after') {
      current = { ...current, state: settled.state?.settled ?? current.state };
      if (previous) retained.keep(previous);
    } else if (previous) {
      const { generation } = current;
      inForce({
        ...previous,
        policy: withSetsOf(previous.policy, known),
        state: settled.state?.settled ?? previous.state,
      });
      generation.close();
      kept.changeMembers();
    } else {
      isOver = true;
    }
    previous = undefined;
    if (!isOver) goOn();
  }

  function end(side: Side): void {
    endIfOver();
    if (pending() === undefined) throw nothingPending();
    if (observed && side === 'after') {
      enforceObserved(observed);
      return;
    }
    if (side === 'before') {
      const state = written.state as Changing;
      written = { ...written, state: { ...state, change: { ...state.change, reverted: true } } };
      exclusivelyHere(() => {
        if (isGone()) return;
        writeState(paths.state, written.state);
        written = { ...written, stamp: stateStamp(paths.state) };
      });
    }
    settle(side, 'reverted');
  }

  /** Its programs only observe: they are built anew. */
  function enforceObserved({ policy: observedPolicy }: Built): void {
    const next = withSetsOf(observedPolicy, kept.sets);
    settle('before', 'reverted');
    if (!isOver) {
      replaceGeneration(next);
      // Sets that count go on with the members that the policy before has said.
      kept.changeMembers();
      return;
    }
    const before = current.generation;
    const put = exclusivelyHere(() => putInForce(next, paths, readState(paths.state), attachOptions));
    isOver = false;
    written = asWritten(put);
    inForce(builtOf(put, next));
    before.close();
  }

  function awaitDeadline(): void {
    const deadlineNs = written.state.change?.deadlineNs;
    if (deadlineNs === undefined) return;
    // Looked at now and then: a timer does not go on while the machine sleeps, and the deadline does.
    const leftMs = Number((BigInt(deadlineNs) - bootTimeNs()) / 1_000_000n) + 1;
    ending = setTimeout(() => endIfOver() || awaitDeadline(), Math.min(Math.max(leftMs, 1), LOOK_INTERVAL_MS)).unref();
  }

  /** The kernel has rolled back at the deadline by itself: puts in order what is left of the trial. */
  function endIfOver(): boolean {
    const { state } = written;
    const deadlineNs = state.change?.deadlineNs;
    if (isOver || deadlineNs === undefined || BigInt(deadlineNs) > bootTimeNs()) return false;
    settle('before', 'deadline');
    heardOfEnd?.('deadline');
    return true;
  }

  const following = followInterfaces({
    ...{ monitor, paths, attach: attachOptions, isGone, exclusively: exclusivelyHere },
    ...{ state: () => written.state, take: takeState },
  });
  if (options.observe) observed = current;
  if (isChanging(written.state)) awaitDeadline();
  tables.watch(written.state);

  return {
    get interfaces() {
      return current.state.interfaces;
    },
    get awaited() {
      return awaitedBy(current.state);
    },
    get warnings() {
      return [...written.warnings, ...warnOfCost(current.generation.compiled)];
    },
    get generation() {
      return current.generation;
    },
    counters: () => countersOf(current),
    watchSets: kept.follow,
    update: (next, update) => {
      replaceGeneration(next, { absent: given.absent ?? 'refuse', ...update });
      kept.changeMembers();
    },
    addMembers: (set, members) => addMembers(dynamicSets(), set, members),
    removeMembers: (set, prefixes) => removeMembers(dynamicSets(), set, prefixes),
    members: (set) => listMembers(dynamicSets(), set),
    onLog: (onEvent) => {
      hear = onEvent;
      subscribe();
    },
    get pending() {
      return pending();
    },
    confirm: () => end('after'),
    revert: () => end('before'),
    differences: () => {
      const map = observed?.generation.maps.all.get('differences');
      return observed && map ? readDifferences(map, observed.state, written.state.settled) : [];
    },
    onEnd: (callback) => {
      heardOfEnd = callback;
    },
    onInterface: following.onChange,
    isGone,
    isLost,
    stop: () => {
      following.close();
      kept.close();
      tables.close();
      clearInterval(sweeper);
      clearTimeout(ending);
      schedules.stop();
      unsubscribe();
      try {
        exclusivelyHere(() => isOver || belongsToAnother(paths, written.stamp) || takeOutOfForce(paths, written.state));
      } finally {
        for (const { generation } of built()) generation.close();
        retained.clear();
        here.close();
      }
    },
  };
}
