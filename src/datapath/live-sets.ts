import { unwatchFile, watchFile } from 'node:fs';
import { relative } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { type MapHandle, mapMemory } from '../kernel/index.ts';
import { readSetFile } from '../policy/check/set-file.ts';
import type { AddressRanges, AddressSet } from '../policy/checked.ts';
import { buildTrie } from '../policy/prefix-trie.ts';
import type { TrieMap } from '../policy/tables.ts';
import type { Generation } from './generation.ts';

/** What came of a change to a set's file. */
export interface SetChange {
  readonly set: string;
  /** Empty where the kernel has the new content; else it keeps the old. */
  readonly problems: readonly Problem[];
  /** The new content where it is good and has no room: for a generation with more. */
  readonly outgrown?: AddressRanges;
}

export interface SetWatch {
  close(): void;
}

/** Looking at a file's time costs nothing and sees it replaced, too, wherever it lies. */
const INTERVAL_MS = 500;

/** Follows the files of a generation's sets: what they hold is in force within a second. */
export function watchSets(generation: Generation, onChange: (change: SetChange) => void): SetWatch {
  const files = new Map<string, { set: AddressSet; tries: TrieMap[] }>();
  for (const trie of generation.compiled.tries) {
    if (trie.set?.file === undefined) continue;
    const entry = files.get(trie.set.file) ?? { set: trie.set, tries: [] };
    entry.tries.push(trie);
    files.set(trie.set.file, entry);
  }
  for (const [file, { set, tries }] of files) {
    watchFile(file, { interval: INTERVAL_MS }, () => onChange({ set: set.name, ...reload(generation, file, tries) }));
  }
  return {
    close: () => {
      for (const file of files.keys()) unwatchFile(file);
    },
  };
}

function reload(generation: Generation, file: string, tries: readonly TrieMap[]): Omit<SetChange, 'set'> {
  const shown = relative('.', file);
  const result = readSetFile(file, shown);
  if ('unreadable' in result) return { problems: [{ ...result.unreadable, severity: 'warning' }] };
  if ('problems' in result) return { problems: result.problems };
  const problems = tries.flatMap((trie) => {
    const map = generation.maps.all.get(trie.map);
    return map === undefined || replaceTrie(map, trie, result.ranges) ? [] : [tooLarge(shown, trie)];
  });
  return { problems, ...(problems.length > 0 && { outgrown: result.ranges }) };
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
