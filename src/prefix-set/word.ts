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

function word(kind: number, shift: number, mask: number, lowHalf: boolean, index: number): bigint {
  const low = kind | (shift << trieBits.shift.shift) | (mask << trieBits.mask.shift);
  return (BigInt(index) << 32n) | BigInt((low | (lowHalf ? 1 << trieBits.lowHalf.shift : 0)) >>> 0);
}

/** A node that looks at `width` bits of an address of `addressBits`, from bit `from` on, counted from the first. */
export function nodeWord(addressBits: 32 | 128, from: number, width: number, children: number): bigint {
  const halfEnd = addressBits === 128 && from < 64 ? 64 : addressBits;
  return word(trieKind.NODE, halfEnd - from - width, 2 ** width - 1, addressBits === 128 && from >= 64, children);
}

/** @param at the address, for IPv4; for IPv6 where its two halves are */
export function leafWord(addressBits: 32 | 128, length: number, at: number): bigint {
  if (addressBits === 32) return word(trieKind.LEAF, 32 - length, 0, false, at);
  return word(trieKind.LEAF, length > 64 ? 128 - length : 64 - length, 0, length > 64, at);
}
