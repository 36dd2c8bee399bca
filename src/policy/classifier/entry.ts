import { addressWords, type Boxes, prefixLength } from './boxes.ts';
import { type Image, WORD_BYTES } from './image.ts';

/**
 * An entry is a box in a leaf. It begins with a u64, its **meta**: from bit 39 the rule's index, from bit 31 its class,
 * bit 30 set in a leaf's last entry, and from bit 0, 7 bits each, how far the difference of each half of an address is
 * shifted right to lose what is behind the prefix: 6 bits, and 1 bit for one more. Entries compare as their rules do, by
 * one 64-bit number. Behind it stands what the tree's entries have in common that they ask for, at the offsets of
 * `EntryLayout`.
 */
export const metaBits = {
  rule: { shift: 39, bits: 24 },
  class: { shift: 31, mask: 0xff },
  last: 1 << 30,
  half: { bits: 7, shift: 0x3f },
} as const;

/** The meta of no rule: above that of every rule. */
export const NO_META = 0x7fff_ffff_ffff_ffffn;
export const MAX_RULES = 2 ** metaBits.rule.bits - 1;

/** Classes below it are the verdicts: of rules that end the search without another question. */
export const FIRST_CLASS = 4;
/** The class in the meta of no rule. */
export const NO_CLASS = 0xff;

/** What entries of one tree ask for, and where it stands: bytes from the entry's beginning. */
export interface EntryLayout {
  /**
   * Halves of addresses that are compared, those that most entries ask for first; `bytes` 4 for IPv4, 8 for IPv6; `index`
   * is that in the meta. They stand behind all else: what is behind a leaf's last entry may be read for one that it does
   * not ask for, whose difference is shifted away.
   */
  readonly halves: readonly AddressHalf[];
  /** u32 value, then u32 mask, of the key word `bits`. */
  readonly bits?: number;
  /** u16 lowest, then u16 highest. */
  readonly srcPort?: number;
  readonly dstPort?: number;
  /** Bytes from one entry to the next: a multiple of 8. */
  readonly stride: number;
}

export interface AddressHalf {
  readonly part: 'src' | 'dst';
  readonly half: 'hi' | 'lo';
  readonly index: number;
  readonly offset: number;
  readonly bytes: 4 | 8;
}

const META_BYTES = 8;

/** The smallest layout that holds what any of the boxes asks for. */
export function layoutFor(boxes: Boxes, members: Iterable<number>): EntryLayout {
  const words = addressWords[boxes.family];
  const ports = 2 * words;
  const asked = addressHalves[boxes.family].map(() => 0);
  let [bits, srcPort, dstPort] = [false, false, false];
  for (const box of members) {
    for (const [index, { part }] of addressHalves[boxes.family].entries()) {
      if (asksFor(boxes, box, { part, index })) asked[index] = (asked[index] as number) + 1;
    }
    bits ||= (boxes.mask[ports + 1] as Uint32Array)[box] !== 0;
    const [lo, hi] = [boxes.portsLo[box] as number, boxes.portsHi[box] as number];
    srcPort ||= lo >>> 16 !== 0 || hi >>> 16 !== 0xffff;
    dstPort ||= (lo & 0xffff) !== 0 || (hi & 0xffff) !== 0xffff;
  }
  let end = META_BYTES;
  const place = (bytes: number): number => {
    const at = Math.ceil(end / bytes) * bytes;
    end = at + bytes;
    return at;
  };
  const common = {
    ...(bits && { bits: place(8) }),
    ...(srcPort && { srcPort: place(4) }),
    ...(dstPort && { dstPort: place(4) }),
  };
  const bytes = boxes.family === 'v4' ? 4 : 8;
  const halves = addressHalves[boxes.family]
    .map(({ part, half }, index) => ({ part, half, index, asked: asked[index] as number }))
    .filter((one) => one.asked > 0)
    .sort((a, b) => b.asked - a.asked)
    .map(({ part, half, index }): AddressHalf => ({ part, half, index, offset: place(bytes), bytes }));
  return { halves, ...common, stride: Math.ceil(end / WORD_BYTES) * WORD_BYTES };
}

/** Words of a box' entry where it is its leaf's last: without what stands at the end and the box does not ask for. */
export function wordsOfEntry({ halves, stride }: EntryLayout, boxes: Boxes, box: number): number {
  const lastAsked = halves.findLastIndex((half) => asksFor(boxes, box, half));
  return Math.ceil((halves[lastAsked + 1]?.offset ?? stride) / WORD_BYTES);
}

const asksFor = (boxes: Boxes, box: number, { part, index }: Pick<AddressHalf, 'part' | 'index'>): boolean =>
  prefixLength(boxes, part, box) > (addressHalves[boxes.family][index] as { from: number }).from;

/** `from`: bits of the address before the half; `word`: its first among the family's key words. */
const addressHalves = {
  v4: [
    { part: 'src', half: 'lo', from: 0, word: 0 },
    { part: 'dst', half: 'lo', from: 0, word: 1 },
  ],
  v6: [
    { part: 'src', half: 'hi', from: 0, word: 0 },
    { part: 'src', half: 'lo', from: 64, word: 2 },
    { part: 'dst', half: 'hi', from: 0, word: 4 },
    { part: 'dst', half: 'lo', from: 64, word: 6 },
  ],
} as const;

/** Writes the entry of a box at word `at`. */
export function writeEntry(
  { halves }: Image,
  at: number,
  boxes: Boxes,
  box: number,
  layout: EntryLayout,
  last: boolean,
): void {
  const start = at * 2;
  const ports = 2 * addressWords[boxes.family];
  const rule = boxes.rule[box] as number;
  const actionClass = boxes.actionClass[box] as number;
  halves[start] = (((actionClass & 1) << 31) | (last ? metaBits.last : 0) | shiftsOf(boxes, box)) >>> 0;
  halves[start + 1] = ((rule << 7) | (actionClass >>> 1)) >>> 0;
  for (const addressHalf of layout.halves) {
    if (!asksFor(boxes, box, addressHalf)) continue;
    const { index, offset, bytes } = addressHalf;
    const { word } = addressHalves[boxes.family][index] as (typeof addressHalves.v6)[number];
    const low = bytes === 8 ? word + 1 : word;
    halves[start + offset / 4] = (boxes.value[low] as Uint32Array)[box] as number;
    if (bytes === 8) halves[start + offset / 4 + 1] = (boxes.value[word] as Uint32Array)[box] as number;
  }
  if (layout.bits !== undefined) {
    halves[start + layout.bits / 4] = (boxes.value[ports + 1] as Uint32Array)[box] as number;
    halves[start + layout.bits / 4 + 1] = (boxes.mask[ports + 1] as Uint32Array)[box] as number;
  }
  const [lo, hi] = [boxes.portsLo[box] as number, boxes.portsHi[box] as number];
  if (layout.srcPort !== undefined) halves[start + layout.srcPort / 4] = ((hi & 0xffff_0000) | (lo >>> 16)) >>> 0;
  if (layout.dstPort !== undefined) halves[start + layout.dstPort / 4] = ((hi << 16) | (lo & 0xffff)) >>> 0;
}

export const entryRule = (halves: Uint32Array, at: number): number => (halves[at * 2 + 1] as number) >>> 7;

export const entryClass = (halves: Uint32Array, at: number): number =>
  (((halves[at * 2 + 1] as number) & 0x7f) << 1) | ((halves[at * 2] as number) >>> 31);

/** Gives the entry's rule another index. */
export function moveRule(halves: Uint32Array, at: number, rule: number): void {
  halves[at * 2 + 1] = ((rule << 7) | ((halves[at * 2 + 1] as number) & 0x7f)) >>> 0;
}

export const isLastEntry = (halves: Uint32Array, at: number): boolean =>
  ((halves[at * 2] as number) & metaBits.last) !== 0;

export function markLast(halves: Uint32Array, at: number, last: boolean): void {
  const low = halves[at * 2] as number;
  halves[at * 2] = (last ? low | metaBits.last : low & ~metaBits.last) >>> 0;
}

/** For each half of an address how many of its bits are behind the prefix, as the meta has it. */
function shiftsOf(boxes: Boxes, box: number): number {
  const halfBits = boxes.family === 'v4' ? 32 : 64;
  let shifts = 0;
  for (const [index, { part, from }] of addressHalves[boxes.family].entries()) {
    const known = Math.min(halfBits, Math.max(0, prefixLength(boxes, part, box) - from));
    const behind = halfBits - known;
    shifts |= (behind === 64 ? 63 | (1 << 6) : behind) << (index * metaBits.half.bits);
  }
  return shifts;
}

/** The entry of no rule, last of its leaf. */
export function writeNoEntry({ halves }: Image, at: number): void {
  halves[at * 2] = 0xffff_ffff;
  halves[at * 2 + 1] = 0x7fff_ffff;
}
