import { isDeepStrictEqual } from 'node:util';
import type { CheckedPolicy } from '../policy/checked.ts';
import type { Built } from './built.ts';
import type { Generation } from './generation.ts';
import { type SetContent, updateTries, withContent } from './live-sets.ts';

/** Earlier generations of this process, loaded and whole: going back to one asks neither the compiler nor the verifier. */
export interface Retained {
  /** Keeps it, or closes it where it is large; the oldest goes where there are too many. */
  keep(built: Built): void;
  /** The one that the policy would become, which is the caller's from now on. */
  take(policy: CheckedPolicy, multiBuffer: boolean): Built | undefined;
  /** Gives them what a set's source holds now; what has no room for it goes. */
  refresh(source: string, content: Extract<SetContent, { ranges: unknown }>): void;
  all(): readonly Built[];
  /** Closes all. Whether there were any. */
  clear(): boolean;
}

const MOST = 2;
/** Of maps: what is larger is built again. */
const LARGEST_BYTES = 8 << 20;

export function createRetained(): Retained {
  let kept: Built[] = [];

  function drop(built: Built): void {
    kept = kept.filter((one) => one !== built);
    built.generation.close();
  }

  return {
    keep: (built) => {
      if (bytesOf(built.generation) > LARGEST_BYTES) {
        built.generation.close();
        return;
      }
      kept.push(built);
      for (const oldest of kept.slice(0, -MOST)) drop(oldest);
    },
    take: (policy, multiBuffer) => {
      const found = kept.findLast((one) => one.state.multiBuffer === multiBuffer && isSamePolicy(one.policy, policy));
      kept = kept.filter((one) => one !== found);
      return found;
    },
    refresh: (source, content) => {
      for (const one of kept) {
        if (updateTries(one.generation, source, content.ranges).length > 0) drop(one);
      }
      const fresh = ({ policy, ...rest }: Built): Built => {
        return { ...rest, policy: { ...policy, sets: withContent(policy.sets, source, content) } };
      };
      kept = kept.map(fresh);
    },
    all: () => kept,
    clear: () => {
      const wereAny = kept.length > 0;
      for (const one of kept) drop(one);
      return wereAny;
    },
  };
}

/** But for where it stands: the same rules with the same sets, lines and numbers. */
function isSamePolicy({ source: _, ...a }: CheckedPolicy, { source: __, ...b }: CheckedPolicy): boolean {
  return isDeepStrictEqual(a, b);
}

const bytesOf = ({ maps }: Generation): number =>
  [...maps.all.values()].reduce((sum, { valueSize, maxEntries }) => sum + valueSize * maxEntries, 0);
