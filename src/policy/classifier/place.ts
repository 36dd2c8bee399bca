import type { Boxes } from './boxes.ts';
import type { Cut } from './cut.ts';
import { portsOf, portsWord, type Region } from './region.ts';

/** Into which children of a cut a box falls. */
export interface Placement {
  /** The first of them, and how many there are one behind the other. */
  first: number;
  count: number;
  /** Only those that have these bits in common with the box; all of them where it is 0. */
  asked: number;
  /** Whether there may be packets outside of the box in the first of the children, and in the last, as far as the window goes. */
  partialFirst: boolean;
  partialLast: boolean;
}

export type Place = (box: number, into: Placement) => void;

export const newPlacement = (): Placement => ({
  first: 0,
  count: 0,
  asked: 0,
  partialFirst: false,
  partialLast: false,
});

/** How boxes fall into the children of a cut in that region. */
export function placing(boxes: Boxes, cut: Cut, region: Region): Place {
  return (cut.word === portsWord(boxes) && placingRanges(boxes, cut, region)) || placingBits(boxes, cut);
}

function placingBits(boxes: Boxes, { word, shift, bits }: Cut): Place {
  const value = boxes.value[word] as Uint32Array;
  const mask = boxes.mask[word] as Uint32Array;
  const all = 2 ** bits;
  const isPorts = word === portsWord(boxes);
  return (box, into) => {
    const asked = ((mask[box] as number) >>> shift) & (all - 1);
    const wanted = ((value[box] as number) >>> shift) & asked;
    into.count = copiesOf(asked, bits);
    into.first = into.count === all ? 0 : wanted;
    into.asked = into.count === all ? asked : 0;
    // A range is here by the bits that its ports share, and may end anywhere.
    const mayEnd = isPorts && (boxes.portsLo[box] !== 0 || boxes.portsHi[box] !== 0xffff_ffff);
    into.partialFirst = mayEnd;
    into.partialLast = mayEnd;
  };
}

/** Ranges fall into the children that they meet, where the window is that of the first unknown bits of one of the ports. */
function placingRanges(boxes: Boxes, { word, shift, bits }: Cut, region: Region): Place | undefined {
  const half = shift >= 16 ? 16 : 0;
  const top = shift + bits - half;
  if (top > 16) return undefined;
  const above = (0xffff << top) & 0xffff;
  if ((((region.known[word] as number) >>> half) & above) !== above) return undefined;
  const base = portsOf(region, word, half)[0] & above;
  const low = shift - half;
  const last = 2 ** bits - 1;
  const width = 2 ** low;
  const { portsLo, portsHi } = boxes;
  return (box, into) => {
    const lo = (((portsLo[box] as number) >>> half) & 0xffff) - base;
    const hi = (((portsHi[box] as number) >>> half) & 0xffff) - base;
    const first = lo <= 0 ? 0 : lo >> low;
    const end = hi >> low > last ? last : hi >> low;
    into.asked = 0;
    into.first = first;
    into.count = end < first || first > last ? 0 : end - first + 1;
    into.partialFirst = lo > first * width || hi < (first + 1) * width - 1;
    into.partialLast = hi < (end + 1) * width - 1 || lo > end * width;
  };
}

/**
 * Into how many children of a cut of `bits` bits a box falls that asks for the bits `asked` of it. Where it does not ask
 * for the first ones alone, it is counted to fall into all.
 */
function copiesOf(asked: number, bits: number): number {
  const missing = bits === 0 ? 0 : trailingZeros(asked, bits);
  return 1 << (asked === (((1 << bits) - 1) >>> missing) << missing ? missing : bits);
}

const trailingZeros = (asked: number, bits: number): number => (asked === 0 ? bits : 31 - Math.clz32(asked & -asked));
