import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type MapHandle, openPinnedMap } from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { allRules } from '../policy/rule-place.ts';
import { isOwnLayout, ownLayouts } from './counters.ts';
import { withoutSince } from './counting-since.ts';
import type { LeftObservation } from './left-observation.ts';
import { type Paths, pinName } from './paths.ts';
import type { GenerationState } from './state.ts';
import { CONNECTION_MAPS, goesOnWithTables, observesTables } from './tracking.ts';

/** What a generation takes over from an earlier one of the same policy: what was counted and not yet read. */
const INHERITED: ReadonlySet<string> = new Set(['counters', 'events']);

/** Of a generation of the same policy, built by a version of Sluice that reads and writes them as this one does. */
export function inheritFrom(
  before: GenerationState,
  policy: CheckedPolicy,
  paths: Paths,
): ((map: string) => MapHandle | undefined) | undefined {
  if (!goesOnWith(before, policy)) return undefined;
  return (map) => {
    const pin = join(paths.maps(before.generation), pinName(map));
    return INHERITED.has(map) && existsSync(pin) ? openPinnedMap(pin) : undefined;
  };
}

/** Connections go on, whatever the policy was: what it now says of them is asked at their next packet. */
export function inheritTables(
  { connections, generation }: GenerationState,
  policy: CheckedPolicy,
  paths: Paths,
  observe: boolean,
): ((map: string) => MapHandle | undefined) | undefined {
  if (!(observe ? observesTables(connections, policy) : goesOnWithTables(connections, policy))) return undefined;
  return (map) => {
    const pin = join(paths.maps(generation), pinName(map));
    return CONNECTION_MAPS.has(map) && existsSync(pin) ? openPinnedMap(pin) : undefined;
  };
}

/** Whether what a generation has counted is of the same rules, and lies in memory as this version has it. */
function goesOnWith({ layouts, policy: { text }, rules }: GenerationState, policy: CheckedPolicy): boolean {
  const isSame =
    text === policy.source.text && JSON.stringify(withoutSince(rules)) === JSON.stringify(countedRules(policy));
  return isSame && isOwnLayout(layouts.counter, ownLayouts.counter) && isOwnLayout(layouts.packet, ownLayouts.packet);
}

/** The records of the generation in force, and what an observer before it has counted. */
export function inheritObserved(
  records: ((map: string) => MapHandle | undefined) | undefined,
  resume: LeftObservation | undefined,
  policy: CheckedPolicy,
): (map: string) => MapHandle | undefined {
  const left = resume && goesOnWith(resume.change.after, policy) ? resume : undefined;
  return (map) => records?.(map) ?? left?.take(map);
}

/** The rules, as they are written down for who reads their counters. */
export const countedRules = (policy: CheckedPolicy): GenerationState['rules'] =>
  allRules(policy).map(({ name, stage, line, action }) => ({ name, stage, line, action: action.kind }));
