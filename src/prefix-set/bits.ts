import type { AddressBits, Prefix } from './columns.ts';
import { fieldOf, NONE, nodeWord, trieKind } from './word.ts';

/** How many first bits two addresses have in common. */
export function sharedBits(a: bigint, b: bigint, addressBits: AddressBits): number {
  const difference = a ^ b;
  if (difference === 0n) return addressBits;
  let shift = addressBits - 32;
  while (difference >> BigInt(shift) === 0n) shift -= 32;
  return addressBits - 32 - shift + Math.clz32(Number(difference >> BigInt(shift)));
}

/** Whether the prefix covers the other. */
export function covers(by: Prefix, { address, length }: Prefix, addressBits: AddressBits): boolean {
  return by.length <= length && sharedBits(by.address, address, addressBits) >= by.length;
}

/** `width` bits of an address, from bit `from` on, counted from the first. */
export function bitsAt(address: bigint, from: number, width: number, addressBits: AddressBits): number {
  return Number((address >> BigInt(addressBits - from - width)) & BigInt(2 ** width - 1));
}

/** The bits that a node looks at, and where its children are. */
export interface Window {
  readonly from: number;
  readonly width: number;
  readonly children: number;
}

export function windowOf(word: bigint, addressBits: AddressBits): Window {
  const width = Math.log2(fieldOf(word, 'mask') + 1);
  const low = fieldOf(word, 'lowHalf') === 1;
  const halfEnd = addressBits === 128 && !low ? 64 : addressBits;
  return { from: halfEnd - fieldOf(word, 'shift') - width, width, children: fieldOf(word, 'index') };
}

export const isNode = (word: bigint): boolean => Number(word & 3n) === trieKind.NODE;

/** The slots of a window in which a prefix stands: one, or several where it ends inside. */
export function slotsIn({ from, width, children }: Window, { address, length }: Prefix, addressBits: AddressBits) {
  const missing = Math.max(0, from + width - length);
  const first = (bitsAt(address, from, width, addressBits) >> missing) << missing;
  return { first: children + first, end: children + first + 2 ** missing };
}

/** Bits that a new node looks at, where there is room. */
export const NODE_BITS = 4;

/**
 * A new node at bit `from` with these words in the slots of their prefixes. Where there is no room for one of four
 * bits, it looks at fewer. `most`: bits that it may look at.
 */
export function joinWords(
  words: BigUint64Array,
  addressBits: AddressBits,
  allocate: (words: number) => number,
  { from, most }: { readonly from: number; readonly most: number },
  parts: readonly { readonly prefix: Prefix; readonly word: bigint }[],
): bigint {
  const halfEnd = addressBits === 128 && from < 64 ? 64 : addressBits;
  let width = Math.min(NODE_BITS, halfEnd - from, most);
  const tryOn = (): number => {
    for (; width > 1; width--) {
      try {
        return allocate(2 ** width);
      } catch {
        // A smaller one may fit.
      }
    }
    return allocate(2);
  };
  const children = tryOn();
  words.fill(NONE, children, children + 2 ** width);
  for (const { prefix, word } of parts) {
    const { first, end } = slotsIn({ from, width, children }, prefix, addressBits);
    words.fill(word, first, end);
  }
  return nodeWord(addressBits, from, width, children);
}
