import { relative } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { createPrefixSet, type PrefixSet, replaceMembers } from '../kernel/index.ts';
import type { CheckedPolicy, SetMembers } from '../policy/checked.ts';
import { setTooLarge, type TrieMap } from '../policy/tables.ts';
import type { Generation } from './generation.ts';

/** The sets of a generation that keep something of each member, by their map. Generations may share one. */
export type RecordSets = ReadonlyMap<string, RecordSet>;

export interface RecordSet {
  readonly trie: TrieMap;
  readonly set: PrefixSet;
  /** One more generation has it. */
  retain(): void;
  /** One less: the last closes it. */
  release(): void;
}

export function createRecordSet(trie: TrieMap): RecordSet {
  const { map, family, set: named, records, capacity } = trie;
  const ttlMs = named?.records?.ttlMs;
  const prefixes = named?.members?.[family];
  const options = { name: map, family, memory: capacity * 8, ...records };
  const set = explainFull(trie, () =>
    createPrefixSet({ ...options, ...(prefixes && { prefixes }), ...(ttlMs !== undefined && { ttlMs }) }),
  );
  let holders = 1;
  return {
    trie,
    set,
    retain: () => {
      holders++;
    },
    release: () => {
      holders--;
      if (holders === 0) set.close();
    },
  };
}

/** The set that an earlier generation has for the same map, where it is good for this one. */
export function sharedSet(trie: TrieMap, earlier: RecordSets | undefined): RecordSet | undefined {
  const found = earlier?.get(trie.map);
  const isSame =
    found?.trie.capacity === trie.capacity &&
    found.trie.records?.counters === trie.records?.counters &&
    found.trie.records?.timeToLive === trie.records?.timeToLive;
  if (!isSame) return undefined;
  found.retain();
  return found;
}

/** The members as the checked policy, or a file, has them now. */
export interface NewMembers {
  readonly members: SetMembers;
  readonly ttlMs?: number;
}

export interface SetProblem {
  readonly set: string;
  readonly problem: Problem;
}

/**
 * Changes the members of a generation's sets in place, in slices of time: what stays goes on counting. With a time to
 * live, what is still said is renewed, and the rest is left to expire. `membersOf` gives what a set is to hold; none
 * where it is to stay as it is.
 */
export async function updateMembers(
  generation: Generation,
  membersOf: (trie: TrieMap) => NewMembers | undefined,
  signal: AbortSignal,
): Promise<readonly SetProblem[]> {
  const problems: SetProblem[] = [];
  for (const { trie, set } of generation.maps.recordSets.values()) {
    const next = membersOf(trie);
    if (next === undefined || signal.aborted) continue;
    const { members, ttlMs } = next;
    try {
      const options = { keepOthers: ttlMs !== undefined, signal, ...(ttlMs !== undefined && { ttlMs }) };
      await replaceMembers(set, members[trie.family], options);
    } catch (error) {
      if (!isFull(error)) throw error;
      problems.push({ set: trie.set?.name ?? '', problem: { ...fullProblem(trie), severity: 'warning' } });
    }
  }
  return problems;
}

/** What the sets of a policy hold, for `updateMembers`. */
export function membersIn(sets: CheckedPolicy['sets'], file?: string): (trie: TrieMap) => NewMembers | undefined {
  return ({ set }) => {
    const found = set && sets.get(set.name);
    if (!found?.members || !found.records || (file !== undefined && found.file !== file)) return undefined;
    const { ttlMs } = found.records;
    return { members: found.members, ...(ttlMs !== undefined && { ttlMs }) };
  };
}

/** Takes out what has expired, for a few milliseconds at most. */
export function sweep({ maps }: Generation): void {
  for (const { set } of maps.recordSets.values()) set.sweep();
}

function explainFull<T>(trie: TrieMap, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (isFull(error)) throw new SluiceError(fullProblem(trie), { cause: error });
    throw error;
  }
}

function fullProblem(trie: TrieMap): Problem {
  const file = trie.set?.file;
  return setTooLarge(trie, trie.capacity * 2, file === undefined ? '' : `${relative('.', file)}: `);
}

const isFull = (error: unknown): boolean =>
  error instanceof SluiceError && error.problems.some(({ code }) => code === 'kernel/set-full');
