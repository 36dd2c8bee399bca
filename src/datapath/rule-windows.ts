import { FIRST_RULE, windowCodec } from '../generated/abi.ts';
import { bootEpochMs, bootTimeNs, type MapHandle } from '../kernel/index.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import { allRules } from '../policy/rule-place.ts';
import type { Built } from './built.ts';
import { type RuleCounter, readCounters } from './counters.ts';
import type { GenerationState } from './state.ts';
import { readWindowStates } from './windows.ts';

/** Which entries of the map `windows` tell when rules are open. Rules that are not in the program have none. */
export const windowStates = ({ plan, windows }: CompiledPolicy): GenerationState['windows'] =>
  allRules(plan.policy).flatMap(({ index: rule, match }) => {
    const entry = match.when && windows.find(match.when);
    return entry === undefined ? [] : [{ rule, entry }];
  });

/** The counters of rules with a `when` together with what the kernel thinks of their windows at this moment. */
export function withWindows(
  counters: readonly RuleCounter[],
  { windows }: Pick<GenerationState, 'windows'>,
  map: MapHandle,
): RuleCounter[] {
  // Another version of Sluice may have put it in force.
  if (map.valueSize !== windowCodec.size) return [...counters];
  const states = readWindowStates(map, bootTimeNs(), bootEpochMs());
  const entryOf = new Map(windows.map(({ rule, entry }) => [FIRST_RULE + rule, entry]));
  return counters.map((counter) => {
    const window = states[entryOf.get(counter.id) ?? -1];
    return window ? { ...counter, window } : counter;
  });
}

/** How often the rules in force were hit, and whether those with a window are open. */
export function countersOf({ generation: { maps }, state }: Built): RuleCounter[] {
  const counters = readCounters(maps.get('xdp', 'counters'), state);
  const windows = maps.all.get('windows');
  return windows ? withWindows(counters, state, windows) : counters;
}
