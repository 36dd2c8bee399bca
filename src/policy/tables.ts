import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { OutOfRoom } from '../prefix-set/blocks.ts';
import type { PrefixColumns } from '../prefix-set/columns.ts';
import { prefixes6 } from '../prefix-set/prefixes.ts';
import { type RecordOptions, recordLayout } from '../prefix-set/record.ts';
import { createRecordTrie } from '../prefix-set/record-trie.ts';
import { sortPrefixes } from '../prefix-set/sorted.ts';
import { buildTrie } from '../prefix-set/trie.ts';
import type { AddressOperand, AddressRanges, AddressSet, NumberRange, SetRecords } from './checked.ts';

/** Up to so many prefixes are compared one by one; more become a trie in a map. */
const INLINE_PREFIXES = 8;

/** An address set that generated code looks up in the one value of an array map. */
export interface TrieMap {
  /** The map's name: `set4:blocked`, `set6:blocked`; of a rule's own list `set4:#0`. */
  readonly map: string;
  readonly family: 'v4' | 'v6';
  /** The set of the policy, where it has a name. */
  readonly set?: AddressSet;
  readonly ranges: AddressRanges;
  /** What the map keeps of each member, where it does. Such a map is changed member by member, in place. */
  readonly records?: RecordOptions;
  /** With records: the function that asks it. */
  readonly finder?: string;
  /** Words of 8 bytes in the map's value, a power of two: twice what is needed, so that a new trie is built beside. */
  readonly capacity: number;
  /** What the map holds at first. Word 0 is the root. With records, what that comes to: it is built in the map. */
  readonly words: BigUint64Array;
}

export interface SetTable {
  /** How an operand is asked for one family: never, by comparisons, or in a map. */
  find(operand: AddressOperand, family: 'v4' | 'v6'): 'empty' | 'inline' | TrieMap;
  ranges(operand: AddressOperand): AddressRanges;
  readonly tries: readonly TrieMap[];
}

export interface BitmapTable {
  /** The offset in the value of map `bitmaps` of 65,536 bits, one for each number in `ranges`. */
  offsetOf(ranges: readonly NumberRange[]): number;
  /** The value of the map: 8 KiB a bitmap. */
  contents(): Uint8Array;
}

const BITMAP_BYTES = 65_536 / 8;

/** @param previous maps of an earlier version: a set with records keeps the size of its map where it still fits */
export function createSetTable(sets: ReadonlyMap<string, AddressSet>, previous: readonly TrieMap[] = []): SetTable {
  const tries = new Map<string, TrieMap>();
  const anonymous = new Map<AddressRanges, number>();
  const setOf = (operand: AddressOperand): AddressSet | undefined =>
    operand.kind === 'set' ? sets.get(operand.set) : undefined;
  const rangesOf = (operand: AddressOperand): AddressRanges =>
    operand.kind === 'set' ? (sets.get(operand.set) as AddressSet).ranges : operand.ranges;

  function find(operand: AddressOperand, family: 'v4' | 'v6'): 'empty' | 'inline' | TrieMap {
    const set = setOf(operand);
    const ranges = rangesOf(operand);
    // What is read from a file changes while the policy is in force: the code must not know its content.
    if (set?.file === undefined && !set?.records) {
      if (ranges[family].length === 0) return 'empty';
      if (isSmall(ranges, family)) return 'inline';
    }
    if (!set && !anonymous.has(ranges)) anonymous.set(ranges, anonymous.size);
    const map = `${family === 'v4' ? 'set4' : 'set6'}:${set?.name ?? `#${anonymous.get(ranges)}`}`;
    let trie = tries.get(map);
    if (trie === undefined) {
      const before = previous.find((one) => one.map === map);
      if (set?.records)
        trie = recordMap({ map, family, finder: `find_${tries.size}` }, { ...set, records: set.records }, before);
      else trie = plainMap(map, family, ranges, set);
      tries.set(map, trie);
    }
    return trie;
  }

  return {
    find,
    ranges: rangesOf,
    get tries() {
      return [...tries.values()];
    },
  };
}

const MIN_CAPACITY = 512;

const WORD_BYTES = 8;

function plainMap(map: string, family: 'v4' | 'v6', ranges: AddressRanges, set: AddressSet | undefined): TrieMap {
  const words = buildTrie(ranges, family);
  const wanted = capacityFor(words.length);
  const capacity = Math.min(wanted, mostWords(set));
  const trie = { map, family, ...(set && { set }), ranges, capacity, words };
  if (words.length > capacity) throw new SluiceError(setTooLarge(trie, wanted));
  return trie;
}

/** Room for two tries of that size: see `TrieMap.capacity`. */
function capacityFor(words: number): number {
  return Math.max(MIN_CAPACITY, 2 ** Math.ceil(Math.log2(words * 2 + 1)));
}

/** 1 MiB and 512 MiB. */
const [LEAST_RECORD_WORDS, MOST_RECORD_WORDS] = [2 ** 17, 2 ** 26];

function recordMap(
  named: Required<Pick<TrieMap, 'map' | 'family' | 'finder'>>,
  set: AddressSet & { readonly records: SetRecords },
  before: TrieMap | undefined,
): TrieMap {
  const { family } = named;
  const records = recordOptions(set.records);
  const addressBits = family === 'v4' ? 32 : 128;
  // A record, and about two words of nodes on the way to it.
  const needed = (set.members?.[family].lengths.length ?? 0) * (recordLayout(addressBits, records).words + 2);
  const wanted = Math.max(LEAST_RECORD_WORDS, 2 ** Math.ceil(Math.log2(needed * 2 + 1)));
  const stays = before?.records && before.set?.memoryBytes === set.memoryBytes && needed * 1.25 < before.capacity;
  const capacity = set.memoryBytes === undefined ? Math.min(wanted, MOST_RECORD_WORDS) : mostWords(set);
  return {
    ...named,
    set,
    ranges: set.ranges,
    records,
    capacity: stays ? before.capacity : capacity,
    get words() {
      try {
        return recordWords(set.members?.[family], addressBits, records, this.capacity);
      } catch (error) {
        if (!(error instanceof OutOfRoom)) throw error;
        throw new SluiceError(setTooLarge(this, wanted), { cause: error });
      }
    },
  };
}

/** What the map keeps: of a dynamic set always a time, which each member may have of its own. */
export const recordOptions = ({ counters, ttlMs, dynamic }: SetRecords): Required<RecordOptions> => ({
  counters,
  timeToLive: ttlMs !== undefined || dynamic === true,
});

/** Where `memory` says nothing, no map is larger than the kernel gives. */
const mostWords = (set: AddressSet | undefined): number =>
  set?.memoryBytes === undefined ? 2 ** 28 : 2 ** Math.floor(Math.log2(set.memoryBytes / WORD_BYTES));

/** What a map of the members holds. */
function recordWords(
  members: PrefixColumns = { addresses: new Uint32Array(0), lengths: new Uint8Array(0) },
  addressBits: 32 | 128,
  records: RecordOptions,
  capacity: number,
): BigUint64Array {
  const words = new BigUint64Array(capacity);
  const { used } = createRecordTrie(words, sortPrefixes(members, addressBits), records, 0n);
  return words.subarray(0, used);
}

/** What to say where a set takes more than it may. `wanted`: words that would do. */
export function setTooLarge(
  { set, map, capacity }: Pick<TrieMap, 'set' | 'map' | 'capacity'>,
  wanted: number,
  context = '',
): Problem {
  const name = set === undefined ? 'a list of addresses' : `set "${set.name}" (line ${set.line})`;
  const limit = sizeInWords(set?.memoryBytes ?? capacity * WORD_BYTES);
  return {
    code: 'policy/set-too-large',
    message: `${context}${name} has no room in the ${limit} of memory that map "${map}" has`,
    help: `Write memory: ${sizeInWords(wanted * WORD_BYTES)} to it, or put less in: 512MiB is the most.`,
  };
}

const sizeInWords = (bytes: number): string =>
  bytes >= 2 ** 20 ? `${Number((bytes / 2 ** 20).toFixed(1))}MiB` : `${Number((bytes / 2 ** 10).toFixed(1))}KiB`;

function isSmall(ranges: AddressRanges, family: 'v4' | 'v6'): boolean {
  if (family === 'v4') return ranges.v4.length / 2 <= INLINE_PREFIXES;
  return ranges.v6.length / 4 <= INLINE_PREFIXES && prefixes6(ranges).length <= INLINE_PREFIXES;
}

export function createBitmapTable(): BitmapTable {
  const bitmaps = new Map<string, readonly NumberRange[]>();
  return {
    offsetOf(ranges) {
      const key = JSON.stringify(ranges);
      if (!bitmaps.has(key)) bitmaps.set(key, ranges);
      return [...bitmaps.keys()].indexOf(key) * BITMAP_BYTES;
    },
    contents() {
      const bytes = new Uint8Array(bitmaps.size * BITMAP_BYTES);
      [...bitmaps.values()].forEach((ranges, index) => {
        for (const [lo, hi] of ranges) {
          for (let n = lo; n <= hi; n++) {
            const at = index * BITMAP_BYTES + (n >> 3);
            bytes[at] = (bytes[at] as number) | (1 << (n & 7));
          }
        }
      });
      return bytes;
    },
  };
}
