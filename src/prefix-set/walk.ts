import { isNode, windowOf } from './bits.ts';
import type { AddressBits, Prefix } from './columns.ts';
import type { RecordLayout } from './record.ts';
import { ALL, fieldOf, NONE, trieKind } from './word.ts';

/** A member as memory has it. */
export interface WalkedMember {
  readonly prefix: Prefix;
  /** Where its record is; 0 where members have none. */
  readonly record: number;
}

/** The prefix of a leaf of a set with records, or of one without. */
export function prefixOfLeaf(words: BigUint64Array, addressBits: AddressBits, leaf: bigint, records: boolean): Prefix {
  const index = fieldOf(leaf, 'index');
  const kind = Number(leaf & 3n);
  const wordAt = (at: number): bigint => words[at] ?? 0n;
  if (kind === trieKind.ALL) return { address: 0n, length: 0 };
  const end = addressBits === 32 ? 32 : fieldOf(leaf, 'lowHalf') === 1 ? 128 : 64;
  const length = end - fieldOf(leaf, 'shift');
  if (addressBits === 128) return { address: (wordAt(index) << 64n) | wordAt(index + 1), length };
  return { address: records ? BigInt.asUintN(32, wordAt(index)) : BigInt(index), length };
}

/** Where the root of the members that lie in the one of this record is; 0 where there are none. */
export const innerRoot = (words: BigUint64Array, record: number, { inner }: RecordLayout): number =>
  Number((words[record + inner] ?? 0n) >> 32n);

/** Longer ways do not exist: memory that another process changes meanwhile may seem to have them. */
const DEEPEST = 512;

/**
 * The members in the order of their addresses, those that lie in another behind it. Of a set without records: those that
 * lie in no other. `see` hears of the words that lead to them, and hold them.
 */
export function* walkMembers(
  words: BigUint64Array,
  addressBits: AddressBits,
  layout?: RecordLayout,
  see: (words: number) => void = () => {},
): Generator<WalkedMember> {
  yield* below(words[0] as bigint, 0);

  function* below(word: bigint, depth: number): Generator<WalkedMember> {
    if (word === NONE || depth > DEEPEST) return;
    if (!isNode(word)) {
      yield* leaf(word, depth);
      return;
    }
    const { width, children } = windowOf(word, addressBits);
    see(2 ** width);
    let before: bigint | undefined;
    for (const child of words.slice(children, children + 2 ** width)) {
      // A prefix that ends inside of the window stands in several places.
      if (child !== before) yield* below(child, depth + 1);
      before = child;
    }
  }
  function* leaf(word: bigint, depth: number): Generator<WalkedMember> {
    const prefix = prefixOfLeaf(words, addressBits, word, layout !== undefined);
    if (layout === undefined) {
      if (addressBits === 128 && word !== ALL) see(2);
      yield { prefix, record: 0 };
      return;
    }
    const record = fieldOf(word, 'index');
    see(layout.words);
    yield { prefix, record };
    const inner = innerRoot(words, record, layout);
    if (inner === 0) return;
    see(1);
    yield* below(words[inner] ?? NONE, depth + 1);
  }
}
