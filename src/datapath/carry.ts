import { join } from 'node:path';
import { FIRST_RULE } from '../generated/abi.ts';
import { openPinnedMap } from '../kernel/index.ts';
import { carryCounters, type IdOf, returnCounters } from './counters.ts';
import { type Paths, pinName } from './paths.ts';
import type { GenerationState } from './state.ts';

/** Where a generation's counters are pinned. */
export const countersPin = (paths: Paths, { generation }: GenerationState): string =>
  join(paths.maps(generation), pinName('counters'));

/** What the generation before has counted, the one after goes on from; where both count in one map, that is so anyway. */
export function carryOn(paths: Paths, before: GenerationState, after: GenerationState): void {
  withCounters(paths, before, after, carryCounters);
}

/** What the one after has counted, the one before is given, which is in force again. */
export function giveBack(paths: Paths, after: GenerationState, before: GenerationState): void {
  withCounters(paths, after, before, returnCounters);
}

function withCounters(
  paths: Paths,
  from: GenerationState,
  to: GenerationState,
  act: typeof carryCounters | typeof returnCounters,
): void {
  using old = openPinnedMap(countersPin(paths, from));
  using fresh = openPinnedMap(countersPin(paths, to));
  if (old.id === fresh.id) return;
  act({ map: old, layouts: from.layouts }, { map: fresh, layouts: to.layouts }, sameRule(from, to));
}

/** Rules that keep stage and name, and reasons, go on. */
function sameRule(from: GenerationState, to: GenerationState): IdOf {
  const keyOf = ({ stage, name }: GenerationState['rules'][number]): string => `${stage}/${name}`;
  let places: Map<string, number> | undefined;
  return (id) => {
    if (id < FIRST_RULE) return id;
    const rule = from.rules[id - FIRST_RULE];
    if (rule === undefined) return undefined;
    places ??= new Map(to.rules.map((one, index) => [keyOf(one), FIRST_RULE + index]));
    return places.get(keyOf(rule));
  };
}
