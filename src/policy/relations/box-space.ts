import { DST_PORT_SHIFT, SRC_PORT_SHIFT } from '../classifier/boxes.ts';
import type { Box, Prefix } from '../classifier/rule-boxes.ts';

/** A box with its port ranges apart: what is left of one when others are taken out of it is a list of these. */
export interface Space {
  readonly src: Prefix;
  readonly dst: Prefix;
  readonly srcPort: readonly [lo: number, hi: number];
  readonly dstPort: readonly [lo: number, hi: number];
  readonly bits: { readonly value: number; readonly mask: number };
}

export function spaceOf({ src, dst, portsLo, portsHi, bits }: Box): Space {
  const range = (shift: number): [number, number] => [(portsLo >>> shift) & 0xffff, (portsHi >>> shift) & 0xffff];
  return { src, dst, srcPort: range(SRC_PORT_SHIFT), dstPort: range(DST_PORT_SHIFT), bits };
}

/** Whether no packet is in both. */
export const disjoint = (a: Space, b: Space): boolean =>
  a.srcPort[1] < b.srcPort[0] ||
  b.srcPort[1] < a.srcPort[0] ||
  a.dstPort[1] < b.dstPort[0] ||
  b.dstPort[1] < a.dstPort[0] ||
  ((a.bits.value ^ b.bits.value) & a.bits.mask & b.bits.mask) !== 0 ||
  apart(a.src, b.src) ||
  apart(a.dst, b.dst);

function apart(a: Prefix, b: Prefix): boolean {
  for (let w = 0; w < a.words.length; w++) {
    const shared = at(a.masks, w) & at(b.masks, w);
    if (((at(a.words, w) ^ at(b.words, w)) & shared) !== 0) return true;
  }
  return false;
}

/** Whether every packet in `inner` is in `outer`. */
export const contains = (outer: Space, inner: Space): boolean =>
  outer.srcPort[0] <= inner.srcPort[0] &&
  outer.srcPort[1] >= inner.srcPort[1] &&
  outer.dstPort[0] <= inner.dstPort[0] &&
  outer.dstPort[1] >= inner.dstPort[1] &&
  (outer.bits.mask & ~inner.bits.mask) === 0 &&
  !disjoint(outer, inner) &&
  shorter(outer.src, inner.src) &&
  shorter(outer.dst, inner.dst);

const shorter = (a: Prefix, b: Prefix): boolean => a.masks.every((mask, w) => (mask & ~at(b.masks, w)) === 0);

/** What of `space` is not in `taken`, in parts that do not overlap. */
export function subtract(space: Space, taken: Space): Space[] {
  if (disjoint(space, taken)) return [space];
  const left: Space[] = [];
  let inner = space;
  for (const side of ['src', 'dst'] as const) {
    for (const half of halvesBeside(inner[side], taken[side])) left.push({ ...inner, [side]: half });
    if (shorter(inner[side], taken[side])) inner = { ...inner, [side]: taken[side] };
  }
  for (const side of ['srcPort', 'dstPort'] as const) {
    const [lo, hi] = inner[side];
    const [takenLo, takenHi] = taken[side];
    if (lo < takenLo) left.push({ ...inner, [side]: [lo, takenLo - 1] });
    if (hi > takenHi) left.push({ ...inner, [side]: [takenHi + 1, hi] });
    inner = { ...inner, [side]: [Math.max(lo, takenLo), Math.min(hi, takenHi)] };
  }
  let { value, mask } = inner.bits;
  for (let more = taken.bits.mask & ~mask; more !== 0; more &= more - 1) {
    const bit = more & -more;
    const set = taken.bits.value & bit;
    left.push({ ...inner, bits: { value: (value | (bit ^ set)) >>> 0, mask: (mask | bit) >>> 0 } });
    value |= set;
    mask |= bit;
  }
  return left;
}

/** The prefixes that, with `inner`, make up `outer`; none where `inner` is not the longer one. */
function halvesBeside(outer: Prefix, inner: Prefix): Prefix[] {
  const halves: Prefix[] = [];
  for (let w = 0; w < outer.words.length; w++) {
    for (let more = at(inner.masks, w) & ~at(outer.masks, w); more !== 0; ) {
      // The mask from its first bit on to this one.
      const bit = 1 << (31 - Math.clz32(more));
      more &= ~bit;
      const mask = (-1 << (31 - Math.clz32(bit))) >>> 0;
      const word = ((at(inner.words, w) & mask) ^ bit) >>> 0;
      halves.push({ words: cut(inner.words, w, word), masks: cut(inner.masks, w, mask) });
    }
  }
  return halves;
}

/** The words before `w`, that one, and zeros behind. */
const cut = (words: readonly number[], w: number, word: number): number[] =>
  words.map((before, i) => (i < w ? before : i === w ? word : 0));

const at = (words: readonly number[], w: number): number => words[w] as number;
