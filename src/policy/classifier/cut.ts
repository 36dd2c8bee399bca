import type { Boxes } from './boxes.ts';
import { newPlacement, placing } from './place.ts';
import type { Region } from './region.ts';

/** Where a node looks: `bits` bits of a key word, from bit `shift` up. */
export interface Cut {
  readonly word: number;
  readonly shift: number;
  readonly bits: number;
}

export interface CutLimits {
  /** A box may stand in so many children; what would stand in more is left to the next tree. */
  readonly copies: number;
  /** Bits of a cut at most. */
  readonly bits: number;
  /** What as much memory as the boxes' own entries weighs against halving what is to be looked at. */
  readonly memoryWeight: number;
  /** What may still be looked at. */
  readonly effort: Effort;
}

/** How often growing trees may look at a box, or put one into a child: what bounds the time, and is the same every time. */
export interface Effort {
  left: number;
}

const MAX_CUT_BITS = 16;
const counts = new Uint32Array(2 ** MAX_CUT_BITS);
const ones = new Float64Array(32);
const zeros = new Float64Array(32);
const worth = new Float64Array(32);

/** Evaluated exactly for each word: cuts of about as many children as there are boxes, and narrower ones. */
function widths(count: number, limit: number): number[] {
  const top = Math.min(limit, Math.ceil(Math.log2(count)) + 1);
  const all = top <= 5 ? [1, 2, 3, 4, 5] : [top, top - 1, top - 2, top - 4, 3, 6].filter((width) => width > 0);
  return all.filter((width, i) => width <= top && all.indexOf(width) === i);
}

/**
 * The cut after which a box finds itself among the fewest others, weighed against the memory it takes and the boxes that
 * it leaves to the next tree; undefined where no cut parts them.
 */
export function bestCut(boxes: Boxes, list: Uint32Array, region: Region, limits: CutLimits): Cut | undefined {
  let best: Cut | undefined;
  let bestCost = Math.log2(list.length) - 0.25;
  const sizes = widths(list.length, limits.bits);
  for (let word = 0; word < boxes.value.length; word++) {
    if (limits.effort.left < 0) return undefined;
    limits.effort.left -= list.length;
    if (!weighBits(boxes, list, word)) continue;
    for (const bits of sizes) {
      const shift = bestWindow(bits);
      const cost = costOf(boxes, list, region, { word, shift, bits }, limits, bestCost);
      if (cost < bestCost) {
        bestCost = cost;
        best = { word, shift, bits };
      }
    }
  }
  return best;
}

/** What each bit of the word tells apart, into `worth`; false where no bit does. */
function weighBits(boxes: Boxes, list: Uint32Array, word: number): boolean {
  const value = boxes.value[word] as Uint32Array;
  const mask = boxes.mask[word] as Uint32Array;
  let any = 0;
  let all = 0xffffffff;
  let asked = 0;
  for (let i = 0; i < list.length; i++) {
    const box = list[i] as number;
    any |= (value[box] as number) & (mask[box] as number);
    all &= (value[box] as number) | ~(mask[box] as number);
    asked |= mask[box] as number;
  }
  // Bits that are one in some box that asks for them and zero in another.
  let varying = any & ~all & asked;
  if (varying === 0) return false;
  ones.fill(0);
  zeros.fill(0);
  for (let i = 0; i < list.length; i++) {
    const box = list[i] as number;
    let set = varying & (mask[box] as number);
    const v = value[box] as number;
    while (set !== 0) {
      const bit = 31 - Math.clz32(set);
      if ((v >>> bit) & 1) ones[bit] = (ones[bit] as number) + 1;
      else zeros[bit] = (zeros[bit] as number) + 1;
      set &= ~(1 << bit);
    }
  }
  worth.fill(0);
  while (varying !== 0) {
    const bit = 31 - Math.clz32(varying);
    worth[bit] = (4 * (ones[bit] as number) * (zeros[bit] as number)) / list.length ** 2;
    varying &= ~(1 << bit);
  }
  return true;
}

/** The window of that width whose bits tell most apart; of equal ones the highest. */
function bestWindow(bits: number): number {
  let sum = 0;
  for (let bit = 32 - bits; bit < 32; bit++) sum += worth[bit] as number;
  let best = sum;
  let shift = 32 - bits;
  for (let low = 31 - bits; low >= 0; low--) {
    sum += (worth[low] as number) - (worth[low + bits] as number);
    if (sum > best + 1e-9) {
      best = sum;
      shift = low;
    }
  }
  return shift;
}

/** What a box that is left to the next tree weighs against halving what is to be looked at: another tree is walked. */
const LEFT_WEIGHT = 6;

const placed = newPlacement();

function costOf(boxes: Boxes, list: Uint32Array, region: Region, cut: Cut, limits: CutLimits, best: number): number {
  const children = 2 ** cut.bits;
  counts.fill(0, 0, children);
  const place = placing(boxes, cut, region);
  let everywhere = 0;
  let left = 0;
  let instances = 0;
  // With more its memory alone costs more than the best cut.
  const most = list.length * (1 + (best + 1) / limits.memoryWeight);
  for (let i = 0; i < list.length; i++) {
    if (instances > most) break;
    place(list[i] as number, placed);
    const { first, count } = placed;
    if (count > limits.copies) {
      left++;
      continue;
    }
    instances += count;
    if (count === children) {
      everywhere++;
      continue;
    }
    for (let k = 0; k < count; k++) counts[first + k] = (counts[first + k] as number) + 1;
  }
  limits.effort.left -= list.length + instances;
  const kept = list.length - left;
  if (kept === 0 || instances > most) return Number.POSITIVE_INFINITY;
  let squares = 0;
  for (let c = 0; c < children; c++) squares += ((counts[c] as number) + everywhere) ** 2;
  const memory = (children / 4 + (instances - kept)) / kept;
  return Math.log2(squares / instances + 0.5) + limits.memoryWeight * memory + (LEFT_WEIGHT * left) / list.length;
}
