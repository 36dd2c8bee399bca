/**
 * A set of addresses as one block of 64-bit words, for one array map value. Word 0 is the root. A word is, by its two
 * lowest bits:
 *
 * - NONE: no address of the set is here.
 * - NODE: look at some bits of the address: bits 2 to 7 say how far to shift the address right, 8 to 27 are the mask
 *   for the result, bit 28 says that an IPv6 address' low half is meant, and bits 32 to 63 are where the children
 *   begin: the next word is `words[children + (half >> shift & mask)]`.
 * - LEAF: one prefix, compared as a whole, so that nodes may skip bits that all below them share. IPv4: bits 32 to 63
 *   are the address, 2 to 7 the bits behind the prefix. IPv6: bits 32 to 63 say where the two halves of the address
 *   are; bit 28 says that the prefix is longer than 64 bits, 2 to 7 are the bits of its last half behind it.
 * - ALL: every address here is in the set.
 *
 * The shape is a multibit trie with path compression (Nilsson and Karlsson, "IP-Address Lookup Using LC-Tries", 1999),
 * for membership only: the prefixes are disjoint, so that no more than one leaf has to be looked at.
 */
export const trieKind = { NONE: 0, NODE: 1, LEAF: 2, ALL: 3 } as const;

export const trieBits = {
  kind: { shift: 0, mask: 3 },
  shift: { shift: 2, mask: 63 },
  mask: { shift: 8, mask: 0xfffff },
  lowHalf: { shift: 28, mask: 1 },
  index: { shift: 32, mask: 0xffffffff },
} as const;

/** How many nodes lie on the longest way, at most: each looks at one bit or more, most at four. */
export const trieDepth = { v4: 32, v6: 128 } as const;

export const NONE = BigInt(trieKind.NONE);
export const ALL = BigInt(trieKind.ALL);

/** A word's field as a number. */
export const fieldOf = (word: bigint, name: keyof typeof trieBits): number =>
  Number((word >> BigInt(trieBits[name].shift)) & BigInt(trieBits[name].mask));

/** The low halves of words, which hold everything but where children and addresses are. */
function lowBits(kind: number, shift: number, mask: number, lowHalf: boolean): number {
  const low = kind | (shift << trieBits.shift.shift) | (mask << trieBits.mask.shift);
  return (low | (lowHalf ? 1 << trieBits.lowHalf.shift : 0)) >>> 0;
}

/** Of a node that looks at `width` bits of an address, from bit `from` on, counted from the first. */
export function nodeBits(addressBits: 32 | 128, from: number, width: number): number {
  const halfEnd = addressBits === 128 && from < 64 ? 64 : addressBits;
  return lowBits(trieKind.NODE, halfEnd - from - width, 2 ** width - 1, addressBits === 128 && from >= 64);
}

export function leafBits(addressBits: 32 | 128, length: number): number {
  if (addressBits === 32) return lowBits(trieKind.LEAF, 32 - length, 0, false);
  return lowBits(trieKind.LEAF, length > 64 ? 128 - length : 64 - length, 0, length > 64);
}

export function nodeWord(addressBits: 32 | 128, from: number, width: number, children: number): bigint {
  return wordOf(nodeBits(addressBits, from, width), children);
}

/** @param at the address, for IPv4; for IPv6 where its two halves are */
export function leafWord(addressBits: 32 | 128, length: number, at: number): bigint {
  return wordOf(leafBits(addressBits, length), at);
}

export const wordOf = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);
