import { bitsAt, isNode, NODE_BITS, sharedBits, slotsIn, windowOf } from './bits.ts';
import type { AddressBits, Prefix } from './columns.ts';
import { NONE, nodeWord } from './word.ts';

/** What is asked of the memory whose subtries are cut. */
export interface CutTools {
  readonly words: BigUint64Array;
  readonly addressBits: AddressBits;
  allocate(words: number): number;
  prefixOf(leaf: bigint): Prefix;
}

/** A word for these, which stand side by side from bit `from` on: a power of two. No node where there is one word only. */
export function windowWord(tools: CutTools, from: number, contents: readonly bigint[]): bigint {
  const { words, addressBits, allocate } = tools;
  const some = contents.find((word) => word !== NONE) ?? NONE;
  if (contents.every((word) => word === some || word === NONE)) return some;
  const width = Math.log2(contents.length);
  const own = Math.min(width, NODE_BITS);
  const size = 2 ** (width - own);
  const slots = Array.from({ length: 2 ** own }, (_, k) =>
    size === 1 ? (contents[k] as bigint) : windowWord(tools, from + own, contents.slice(k * size, (k + 1) * size)),
  );
  const children = allocate(2 ** own);
  words.set(slots, children);
  return nodeWord(addressBits, from, own, children);
}

/**
 * The part of the trie at `word` that lies in the prefix, or covers it. What is whole is used as it is; nodes that are
 * cut through are written into `cut`: where their children are, and how many.
 */
export function cutWord(tools: CutTools, word: bigint, prefix: Prefix, cut: Map<number, number>): bigint {
  const { words, addressBits, prefixOf } = tools;
  const shared = (address: bigint): number => sharedBits(address, prefix.address, addressBits);
  if (word === NONE) return NONE;
  if (!isNode(word)) {
    const member = prefixOf(word);
    return shared(member.address) >= Math.min(member.length, prefix.length) ? word : NONE;
  }
  const window = windowOf(word, addressBits);
  const { from, width, children } = window;
  const same = shared(someAddress(tools, word));
  if (from >= prefix.length) return same >= prefix.length ? word : NONE;
  cut.set(children, 2 ** width);
  if (same < from) return NONE;
  if (from + width <= prefix.length) {
    const child = words[children + bitsAt(prefix.address, from, width, addressBits)] as bigint;
    return cutWord(tools, child, prefix, cut);
  }
  const { first, end } = slotsIn(window, prefix, addressBits);
  return windowWord(tools, prefix.length, Array.from(words.subarray(first, end)));
}

/** Some address below a word: all below share the bits that the node skips. */
export function someAddress(tools: CutTools, word: bigint): bigint {
  if (!isNode(word)) return tools.prefixOf(word).address;
  const { width, children } = windowOf(word, tools.addressBits);
  let slot = children;
  while (slot < children + 2 ** width - 1 && tools.words[slot] === NONE) slot++;
  return someAddress(tools, tools.words[slot] as bigint);
}
