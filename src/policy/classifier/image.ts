/**
 * The memory of a classifier: trees of 64-bit words and leaves of entries, in one block for the value of an array map.
 *
 * A **word** is, from its low bits up: 6 bits shift, 4 bits field, 14 unused, 16 bits mask, 24 bits index. The next word
 * on the way down is `words[index + (key >> shift & mask)]`, where the key is the u32 at `field * 4` of `struct packet`.
 *
 * A **leaf** is a word with mask 0 whose index is its own: going further down leads to it again, so that all trees can
 * be walked side by side for a fixed number of steps, without a branch. Its low 24 bits say at which word its entries
 * begin. See docs/classifier.md.
 */
export const wordBits = {
  field: { shift: 6, mask: 0xf },
  entries: { mask: 0xff_ffff },
  mask: { shift: 24, mask: 0xffff },
  index: { shift: 40 },
} as const;

/** Words of 8 bytes that a block has at most: an index has 24 bits. */
export const MAX_WORDS = 2 ** 24;

export const WORD_BYTES = 8;

/** A growing block. */
export interface Image {
  /** Words in use. */
  readonly length: number;
  /** Two of these are a word, low half first. Another array after the next `allocate`. */
  readonly halves: Uint32Array;
  /** Room for so many words, zeroed, at a multiple of `alignment` words; where it begins. */
  allocate(words: number, alignment?: number): number;
}

const FIRST_SIZE = 1024;

export const createImage = (): Image => imageOf(new Uint32Array(2 * FIRST_SIZE), 0);

/** With room for a few changes. */
export function copyImage({ halves, length }: Image): Image {
  const copy = new Uint32Array(2 * (length + (length >> 4) + FIRST_SIZE));
  copy.set(halves.subarray(0, 2 * length));
  return imageOf(copy, length);
}

function imageOf(first: Uint32Array, used: number): Image {
  let halves = first;
  let length = used;
  return {
    get length() {
      return length;
    },
    get halves() {
      return halves;
    },
    allocate(words, alignment = 1) {
      const start = Math.ceil(length / alignment) * alignment;
      length = start + words;
      if (length * 2 > halves.length) {
        const larger = new Uint32Array(Math.max(length * 2, halves.length * 2));
        larger.set(halves);
        halves = larger;
      }
      return start;
    },
  };
}

/** Where a node looks, and where its children begin. */
export interface NodeWord {
  readonly field: number;
  readonly shift: number;
  /** 1 to 16. */
  readonly bits: number;
  readonly children: number;
}

export function writeNode({ halves }: Image, at: number, { field, shift, bits, children }: NodeWord): void {
  const mask = 2 ** bits - 1;
  halves[at * 2] = (((mask & 0xff) << 24) | (field << wordBits.field.shift) | shift) >>> 0;
  halves[at * 2 + 1] = ((children << 8) | (mask >>> 8)) >>> 0;
}

/** The node that the word is; undefined where it is a leaf. */
export function nodeAt(halves: Uint32Array, at: number): NodeWord | undefined {
  const [low, high] = [halves[at * 2] as number, halves[at * 2 + 1] as number];
  const mask = ((high & 0xff) << 8) | (low >>> 24);
  if (mask === 0) return undefined;
  const field = (low >>> wordBits.field.shift) & wordBits.field.mask;
  return { field, shift: low & 0x3f, bits: 32 - Math.clz32(mask), children: high >>> 8 };
}

export function writeLeaf({ halves }: Image, at: number, entries: number): void {
  halves[at * 2] = entries;
  halves[at * 2 + 1] = (at << 8) >>> 0;
}
