import { relative } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { createPrefixSet, type PrefixSet, type ReplaceOptions, replaceMembers } from '../kernel/index.ts';
import { sourceKey } from '../policy/check/set-source.ts';
import type { CheckedPolicy, SetMembers } from '../policy/checked.ts';
import { setTooLarge, type TrieMap } from '../policy/tables.ts';
import { createPrefixMap, type PrefixMap } from '../prefix-set/prefix-map.ts';
import type { Generation } from './generation.ts';
import { momentIn, type RuntimeMembers, untilMs } from './runtime-members.ts';

/** The sets of a generation that keep something of each member, by their map. Generations may share one. */
export type RecordSets = ReadonlyMap<string, RecordSet>;

export interface RecordSet {
  readonly trie: TrieMap;
  readonly set: PrefixSet;
  /** Of members that were added at run time and that the policy lists as well: until when it does. */
  readonly listed: PrefixMap<number>;
  /** One more generation has it. */
  retain(): void;
  /** One less: the last closes it. */
  release(): void;
}

/** @param runtime what it holds besides what the policy lists */
export function createRecordSet(trie: TrieMap, runtime?: RuntimeMembers): RecordSet {
  const { map, family, set: named, records, capacity } = trie;
  const ttlMs = named?.records?.ttlMs;
  const prefixes = named?.members?.[family];
  const options = { name: map, family, memory: capacity * 8, ...records };
  const set = explainFull(trie, () =>
    createPrefixSet({ ...options, ...(prefixes && { prefixes }), ...(ttlMs !== undefined && { ttlMs }) }),
  );
  const listed = createPrefixMap<number>(family === 'v4' ? 32 : 128);
  try {
    if (runtime && isDynamic(trie)) addRuntimeMembers({ trie, set, listed }, runtime);
  } catch (error) {
    set.close();
    throw error;
  }
  let holders = 1;
  return {
    trie,
    set,
    listed,
    retain: () => {
      holders++;
    },
    release: () => {
      holders--;
      if (holders === 0) set.close();
    },
  };
}

const isDynamic = ({ set }: TrieMap): boolean => set?.records?.dynamic === true;

function addRuntimeMembers(
  { trie, set, listed }: Pick<RecordSet, 'trie' | 'set' | 'listed'>,
  runtime: RuntimeMembers,
): void {
  const listedUntil = momentIn(trie.set?.records?.ttlMs);
  for (const { prefix, endsAtMs } of runtime.of(trie.set?.name ?? '', trie.family)) {
    const isListed = set.has(prefix);
    if (isListed) listed.set(prefix, listedUntil);
    const until = isListed ? Math.max(listedUntil, endsAtMs) : endsAtMs;
    explainFull(trie, () => set.add(prefix, untilMs(until)));
  }
}

/** The set that an earlier generation has for the same map, where it is good for this one. */
export function sharedSet(trie: TrieMap, earlier: RecordSets | undefined): RecordSet | undefined {
  const found = earlier?.get(trie.map);
  const isSame =
    found?.trie.capacity === trie.capacity &&
    isDynamic(found.trie) === isDynamic(trie) &&
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
  runtime?: RuntimeMembers,
): Promise<readonly SetProblem[]> {
  const problems: SetProblem[] = [];
  for (const recordSet of generation.maps.recordSets.values()) {
    const { trie, set } = recordSet;
    const next = membersOf(trie);
    if (next === undefined || signal.aborted) continue;
    const { members, ttlMs } = next;
    try {
      const alsoKept = runtime && isDynamic(trie) ? keptBy(recordSet, runtime, ttlMs) : undefined;
      const options = {
        keepOthers: ttlMs !== undefined,
        signal,
        ...(ttlMs !== undefined && { ttlMs }),
        ...(alsoKept && { alsoKept }),
      };
      await replaceMembers(set, members[trie.family], options);
    } catch (error) {
      if (!isFull(error)) throw error;
      problems.push({ set: trie.set?.name ?? '', problem: { ...fullProblem(trie), severity: 'warning' } });
    }
  }
  return problems;
}

/** What was added at run time stays for its time, and what the policy lists of it is noted. */
function keptBy(
  { trie, listed }: RecordSet,
  runtime: RuntimeMembers,
  ttlMs: number | undefined,
): NonNullable<ReplaceOptions['alsoKept']> {
  return (prefix, isAmong) => {
    const member = runtime.find(trie.set?.name ?? '', trie.family, prefix);
    if (isAmong && member) listed.set(prefix, momentIn(ttlMs));
    else listed.delete(prefix);
    return member && untilMs(member.endsAtMs);
  };
}

/** What the sets of a policy hold, for `updateMembers`; only those of one source, where it is given. */
export function membersIn(sets: CheckedPolicy['sets'], source?: string): (trie: TrieMap) => NewMembers | undefined {
  return ({ set }) => {
    const found = set && sets.get(set.name);
    if (!found?.members || !found.records || (source !== undefined && sourceKey(found) !== source)) return undefined;
    const { ttlMs } = found.records;
    return { members: found.members, ...(ttlMs !== undefined && { ttlMs }) };
  };
}

/** Takes out what has expired, for a few milliseconds at most. */
export function sweep({ maps }: Generation): void {
  for (const { set } of maps.recordSets.values()) set.sweep();
}

/** The action's result; where the set is full, an error with the setting that it wants. `file`: what did not fit. */
export function explainFull<T>(trie: TrieMap, action: () => T, file = trie.set?.file): T {
  try {
    return action();
  } catch (error) {
    if (isFull(error)) throw new SluiceError(fullProblem(trie, file), { cause: error });
    throw error;
  }
}

function fullProblem(trie: TrieMap, file = trie.set?.file): Problem {
  return setTooLarge(trie, trie.capacity * 2, file === undefined ? '' : `${relative('.', file)}: `);
}

const isFull = (error: unknown): boolean =>
  error instanceof SluiceError && error.problems.some(({ code }) => code === 'kernel/set-full');
