import { prefixes6 } from '../prefix-set/prefixes.ts';
import { buildTrie } from '../prefix-set/trie.ts';
import type { AddressOperand, AddressRanges, AddressSet, NumberRange } from './checked.ts';

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
  /** Words of 8 bytes in the map's value, a power of two: twice what is needed, so that a new trie is built beside. */
  readonly capacity: number;
  /** What the map holds at first. Word 0 is the root. */
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

export function createSetTable(sets: ReadonlyMap<string, AddressSet>): SetTable {
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
    if (set?.file === undefined) {
      if (ranges[family].length === 0) return 'empty';
      if (isSmall(ranges, family)) return 'inline';
    }
    if (!set && !anonymous.has(ranges)) anonymous.set(ranges, anonymous.size);
    const map = `${family === 'v4' ? 'set4' : 'set6'}:${set?.name ?? `#${anonymous.get(ranges)}`}`;
    let trie = tries.get(map);
    if (trie === undefined) {
      const words = buildTrie(ranges, family);
      trie = { map, family, ...(set && { set }), ranges, capacity: capacityFor(words.length), words };
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

/** Room for two tries of that size: see `TrieMap.capacity`. */
function capacityFor(words: number): number {
  return Math.max(MIN_CAPACITY, 2 ** Math.ceil(Math.log2(words * 2 + 1)));
}

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
