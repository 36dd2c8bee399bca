import { openPinnedMap, type PrefixSetContent, readPrefixSet } from '../kernel/index.ts';
import type { GenerationState } from './state.ts';

/** A set in force, for one family. */
export type FoundSet = GenerationState['sets'][number] & {
  /** Reads the map: takes a second for a million members. */
  read(): PrefixSetContent;
};

/** @param pinOf where a map is pinned */
export function foundSets({ sets }: GenerationState, pinOf: (map: string) => string): FoundSet[] {
  return sets.map((set) => ({
    ...set,
    read() {
      using map = openPinnedMap(pinOf(set.map));
      const timeToLive = set.ttlMs !== undefined || set.dynamic === true;
      return readPrefixSet(map, set.family, { counters: set.counters, timeToLive });
    },
  }));
}
