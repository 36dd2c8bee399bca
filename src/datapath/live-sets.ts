import { statSync } from 'node:fs';
import { relative } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { type MapHandle, mapMemory } from '../kernel/index.ts';
import type { SetFileContent } from '../policy/check/set-file.ts';
import { readSetSource, type SetSource, sourceKey } from '../policy/check/set-source.ts';
import type { AddressRanges, AddressSet, CheckedPolicy, SetMembers } from '../policy/checked.ts';
import type { TrieMap } from '../policy/tables.ts';
import { buildTrie } from '../prefix-set/trie.ts';
import type { Generation } from './generation.ts';

/** What came of a change to a set's file. */
export interface SetChange {
  readonly set: string;
  /** Empty where the kernel has the new content; else it keeps the old. */
  readonly problems: readonly Problem[];
}

export interface FileWatch {
  close(): void;
}

/** What sets of a generation follow, and which they are. */
interface FollowedSource extends SetSource {
  /** As `sourceKey` tells it. */
  readonly key: string;
  readonly file: string;
  readonly sets: ReadonlySet<string>;
}

export interface SetFollower {
  sets(): CheckedPolicy['sets'];
  /** Gives the kernel what the source holds now, which is told by its key. */
  refresh(source: string, content: SetContent): Promise<readonly Problem[]>;
  onChange(change: SetChange): void;
}

/** Follows the files of the sets that the generation looks up. */
export function followSets(generation: Generation, { sets, refresh, onChange }: SetFollower): FileWatch {
  const sources = followedSources(generation);
  const faulty = new Set<string>();
  const look = (source: FollowedSource): void => {
    const { key } = source;
    const content = readContent(source);
    if (!faulty.has(key) && holds(sets(), key, content)) return;
    void refresh(key, content).then((problems) => {
      if (problems.length > 0) faulty.add(key);
      else faulty.delete(key);
      for (const set of source.sets) onChange({ set, problems });
    });
  };
  return watchFiles(new Set(sources.map(({ file }) => file)), (path) => {
    for (const source of sources) if (source.file === path) look(source);
  });
}

/** Some files hold several sources. */
function followedSources({ compiled }: Generation): readonly FollowedSource[] {
  const sources = new Map<string, FollowedSource & { readonly sets: Set<string> }>();
  for (const { set } of compiled.tries) {
    const key = set && sourceKey(set);
    if (set?.file === undefined || key === undefined) continue;
    const source = sources.get(key) ?? { ...set, key, file: set.file, sets: new Set<string>() };
    source.sets.add(set.name);
    sources.set(key, source);
  }
  return [...sources.values()];
}

/** Looking at a file's status costs nothing, and sees it replaced, too, wherever it lies. */
const LOOK_INTERVAL_MS = 100;

/**
 * Calls back within a second of a change to one of the files. A file that changes from one look to the next is being
 * written: it is given another look's time.
 */
export function watchFiles(paths: Iterable<string>, onChange: (path: string) => void): FileWatch {
  const files = [...paths].map((path) => ({ path, known: statusSinceStart(path), seen: '', looks: 0 }));
  const look = (): void => {
    for (const file of files) {
      const status = statusOf(file.path);
      const settled = status === file.seen || file.looks === 2;
      file.seen = status;
      file.looks = status === file.known ? 0 : file.looks + 1;
      if (file.looks === 0 || !settled) continue;
      file.known = status;
      file.looks = 0;
      onChange(file.path);
    }
  };
  const timer = setInterval(look, LOOK_INTERVAL_MS);
  return { close: () => clearInterval(timer) };
}

/** What tells one content of a file from the next; empty where there is none to be seen. */
function statusOf(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch {
    return '';
  }
}

/** As `statusOf`; but of a file that may have been changed since this process has read it, none that it can have. */
function statusSinceStart(path: string): string {
  const status = statusOf(path);
  const changedNs = BigInt(status.split(':').at(-1) ?? 0);
  return changedNs >= BigInt(Math.floor(performance.timeOrigin)) * 1_000_000n ? 'not known' : status;
}

/** What a set's file holds, or why that cannot be told. */
export type SetContent = SetFileContent | { readonly problems: readonly Problem[] };

function readContent(source: FollowedSource): SetContent {
  const result = readSetSource(source.file, source, relative('.', source.file));
  return 'unreadable' in result ? { problems: [{ ...result.unreadable, severity: 'warning' }] } : result;
}

/**
 * Whether the sets of the source have this content already: its time has changed, and nothing else. What is forgotten
 * after a time is said anew by that.
 */
function holds(sets: CheckedPolicy['sets'], source: string, content: SetContent): boolean {
  if ('problems' in content) return false;
  return [...sets.values()]
    .filter((set) => sourceKey(set) === source)
    .every(({ ranges, records, members }) => {
      if (records?.ttlMs !== undefined) return false;
      const isSame = same(ranges.v4, content.ranges.v4) && same(ranges.v6, content.ranges.v6);
      return isSame && (members === undefined || sameMembers(members, content.members()));
    });
}

export const sameMembers = (a: SetMembers, b: SetMembers): boolean =>
  (['v4', 'v6'] as const).every(
    (family) => same(a[family].addresses, b[family].addresses) && same(a[family].lengths, b[family].lengths),
  );

function same<T extends Uint8Array | Uint32Array | BigUint64Array>(a: T, b: T): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

/** The sets, those of the source with new content. */
export function withContent(
  sets: CheckedPolicy['sets'],
  source: string,
  content: SetFileContent,
): CheckedPolicy['sets'] {
  const { ranges } = content;
  const isAsked = [...sets.values()].some((set) => sourceKey(set) === source && set.records);
  const members = isAsked ? content.members() : undefined;
  const next = (set: AddressSet): AddressSet => ({ ...set, ranges, ...(set.records && members && { members }) });
  return new Map([...sets].map(([name, set]) => [name, sourceKey(set) === source ? next(set) : set]));
}

/** Puts the source's new content in force. What has no room keeps its old content and is told as a problem. */
export function updateTries(generation: Generation, source: string, ranges: AddressRanges): readonly Problem[] {
  return generation.compiled.tries
    .filter(({ set, records }) => set && sourceKey(set) === source && !records)
    .flatMap((trie) => {
      const map = generation.maps.all.get(trie.map);
      return map === undefined || replaceTrie(map, trie, ranges)
        ? []
        : [tooLarge(relative('.', trie.set?.file ?? ''), trie)];
    });
}

/**
 * Builds the new trie in the half of the map that is not in use, and makes it the one in force by one store of its
 * root: a packet sees the old set or the new one, whole. False where it does not fit.
 */
function replaceTrie(map: MapHandle, { family, capacity }: TrieMap, ranges: AddressRanges): boolean {
  using memory = mapMemory(map);
  const words = new BigUint64Array(memory.buffer, 0, capacity);
  const half = capacity / 2;
  const origin = Number((words[0] as bigint) >> 32n) >= half ? 1 : half;
  const trie = buildTrie(ranges, family, origin);
  if (trie.length - 1 > half - 1) return false;
  words.set(trie.subarray(1), origin);
  Atomics.store(words, 0, trie[0] as bigint);
  return true;
}

function tooLarge(file: string, { map, capacity }: TrieMap): Problem {
  return {
    code: 'datapath/set-too-large',
    severity: 'warning',
    message: `${file}: map "${map}" has room for ${capacity / 2} words and the new content takes more; the old one stays in force`,
  };
}
