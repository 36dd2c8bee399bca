import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type MapHandle, openPinnedMap } from '../kernel/index.ts';
import { isChanging, settleChange } from './change.ts';
import { isOwnLayout, ownLayouts } from './counters.ts';
import { exclusively } from './lock.ts';
import { type Difference, readDifferences } from './observe.ts';
import { type Paths, pathsHere, pinName } from './paths.ts';
import { isUnderWay, pendingOf } from './standing.ts';
import { type ChangeState, type EnforcementState, type GenerationState, isAlive, readState } from './state.ts';

/** An observation that its process did not live to end, with all that it has counted: another one goes on from it. */
export interface LeftObservation {
  readonly change: ChangeState;
  /** A map that the next observer goes on with, by its name: it is the caller's from then on. */
  take(map: string): MapHandle | undefined;
  /** What nobody has taken is gone. */
  close(): void;
}

/** What an observer that takes another's place goes on with: what was counted, and what has not been heard of yet. */
const KEPT = ['counters', 'events', 'differences'] as const;

/**
 * Ends the observation of that policy which a process that has gone has left, and keeps what it has counted. What is in
 * force stays as it is. Undefined where there is no such observation, or it is over.
 */
export function takeLeftObservation(policy: GenerationState['policy']): LeftObservation | undefined {
  const paths = pathsHere();
  return exclusively(paths, () => {
    const state = readState(paths.state);
    if (!state || !isChanging(state) || isAlive(state) || !isObserved(paths, state)) return undefined;
    const { change } = state;
    if (change.after.policy.path !== policy.path || change.after.policy.text !== policy.text) return undefined;
    const left = keep(paths, change);
    try {
      settleChange(paths, state, 'before', 'interrupted');
      return left;
    } catch (error) {
      left.close();
      throw error;
    }
  });
}

/** What a policy that is observed at this moment has found different, by the pins alone; undefined where nothing is. */
export function readLeftDifferences(paths: Paths, state: EnforcementState): Difference[] | undefined {
  if (!isChanging(state) || !isObserved(paths, state)) return undefined;
  const { after } = state.change;
  const pin = pinOf(paths, after, 'differences');
  if (!existsSync(pin) || !isOwnLayout(after.layouts.packet, ownLayouts.packet)) return undefined;
  using map = openPinnedMap(pin);
  return readDifferences(map, after, state.settled);
}

function isObserved(paths: Paths, state: EnforcementState): boolean {
  if (!isChanging(state) || state.change.kind !== 'observation') return false;
  return isUnderWay(paths, state) && pendingOf(state, 'before') !== undefined;
}

function keep(paths: Paths, change: ChangeState): LeftObservation {
  const maps = new Map<string, MapHandle>();
  for (const name of KEPT) {
    const pin = pinOf(paths, change.after, name);
    if (existsSync(pin)) maps.set(name, openPinnedMap(pin));
  }
  return {
    change,
    take(name) {
      const map = maps.get(name);
      maps.delete(name);
      return map;
    },
    close: () => {
      for (const map of maps.values()) map.close();
      maps.clear();
    },
  };
}

const pinOf = (paths: Paths, { generation }: GenerationState, map: string): string =>
  join(paths.maps(generation), pinName(map));
