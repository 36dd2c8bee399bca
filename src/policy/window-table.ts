import type { TimeWindow } from './checked.ts';
import { windowsKey } from './tests-key.ts';

/** What rules say in `when`, each once: entry n of the map `windows` tells when number n is open. */
export interface WindowTable {
  numberOf(windows: readonly TimeWindow[]): number;
  /** Undefined where no code asks for them. */
  find(windows: readonly TimeWindow[]): number | undefined;
  readonly all: readonly (readonly TimeWindow[])[];
}

export function createWindowTable(): WindowTable {
  const numbers = new Map<string, number>();
  const all: (readonly TimeWindow[])[] = [];
  return {
    all,
    find: (windows) => numbers.get(windowsKey(windows)),
    numberOf(windows) {
      const key = windowsKey(windows);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, all.length);
      return all.push(windows) - 1;
    },
  };
}
