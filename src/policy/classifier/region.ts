import { addressWords, type Boxes, DST_PORT_SHIFT, SRC_PORT_SHIFT, sharedBits16 } from './boxes.ts';
import type { Cut } from './cut.ts';
import { FIRST_CLASS } from './entry.ts';

/** What is known of a packet that has come down to a node: of each key word some bits. */
export interface Region {
  readonly known: readonly number[];
  readonly value: readonly number[];
}

export const wholeSpace = ({ value }: Boxes): Region => ({ known: value.map(() => 0), value: value.map(() => 0) });

/** The part of the region that the child of that number is for. */
export function childRegion({ known, value }: Region, { word, shift, bits }: Cut, child: number): Region {
  const window = (2 ** bits - 1) << shift;
  return {
    known: known.with(word, ((known[word] as number) | window) >>> 0),
    value: value.with(word, ((value[word] as number) | (child << shift)) >>> 0),
  };
}

/** Both ports: the index of their key word, and where each stands in it. */
export const portsWord = ({ family }: Boxes): number => 2 * addressWords[family];
export const portShifts = [SRC_PORT_SHIFT, DST_PORT_SHIFT] as const;

/** The ports that packets of the region may have: where it knows other bits than the first, more than that. */
export function portsOf({ known, value }: Region, word: number, shift: number): readonly [number, number] {
  const bits = ((known[word] as number) >>> shift) & 0xffff;
  const lo = ((value[word] as number) >>> shift) & bits;
  return [lo, lo | (~bits & 0xffff)];
}

/**
 * Where in a region packets may be that are in any of some boxes: of a box that asks for no more than this, all of them
 * are in it. Others are in no box, and may be taken for anything.
 */
export interface Reach extends Region {
  /** Of each half of the word of ports the lowest and highest. */
  readonly ports: readonly (readonly [number, number])[];
}

export function reachOf(boxes: Boxes, list: Uint32Array, region: Region): Reach {
  const word = portsWord(boxes);
  const known = [...region.known];
  const value = [...region.value];
  const learn = (w: number, bits: number, of: number): void => {
    known[w] = ((known[w] as number) | bits) >>> 0;
    value[w] = ((value[w] as number) | (of & bits)) >>> 0;
  };
  const ports = portShifts.map((shift) => {
    const hull = hullOf(boxes, list, portsOf(region, word, shift), shift);
    learn(word, (sharedBits16(...hull) << shift) >>> 0, hull[0] << shift);
    return hull;
  });
  for (let w = 0; w < known.length; w++) {
    if (w !== word) learn(w, sharedAsked(boxes, list, w), boxes.value[w]?.[list[0] as number] as number);
  }
  return { known, value, ports };
}

/** The bits of a word that all of the boxes ask for alike. */
function sharedAsked(boxes: Boxes, list: Uint32Array, word: number): number {
  const [value, mask] = [boxes.value[word] as Uint32Array, boxes.mask[word] as Uint32Array];
  let [shared, ones, zeros] = [-1, 0, 0];
  for (let i = 0; i < list.length && shared !== 0; i++) {
    const box = list[i] as number;
    ones |= value[box] as number;
    zeros |= ~(value[box] as number);
    shared &= (mask[box] as number) & ~(ones & zeros);
  }
  return shared >>> 0;
}

function hullOf(
  { portsLo, portsHi }: Boxes,
  list: Uint32Array,
  [first, last]: readonly [number, number],
  shift: number,
): readonly [number, number] {
  let [lo, hi] = [last, first];
  for (let i = 0; i < list.length && (lo > first || hi < last); i++) {
    const box = list[i] as number;
    lo = Math.min(lo, ((portsLo[box] as number) >>> shift) & 0xffff);
    hi = Math.max(hi, ((portsHi[box] as number) >>> shift) & 0xffff);
  }
  return [Math.max(first, lo), Math.min(last, hi)];
}

/** A bit for each word in which the box asks for more than the reach says; the second port has one behind all words. */
export function asksBeyond(boxes: Boxes, box: number, { known, ports }: Reach): number {
  const word = portsWord(boxes);
  let beyond = 0;
  for (let w = 0; w < known.length; w++) {
    if (w !== word && ((boxes.mask[w]?.[box] as number) & ~(known[w] as number)) !== 0) beyond |= 1 << w;
  }
  for (let half = 0; half < 2; half++) {
    const shift = portShifts[half] as number;
    const [lo, hi] = ports[half] as readonly [number, number];
    const within =
      (((boxes.portsLo[box] as number) >>> shift) & 0xffff) <= lo &&
      (((boxes.portsHi[box] as number) >>> shift) & 0xffff) >= hi;
    if (!within) beyond |= 1 << (half === 0 ? word : known.length);
  }
  return beyond;
}

/** Whether the box' rule ends the search. */
export const decides = ({ actionClass }: Boxes, box: number): boolean => (actionClass[box] as number) < FIRST_CLASS;

/**
 * How many of the boxes, in the order of their rules, some packet of the region may get to: none is asked behind one that
 * has all packets of the region that are in any of the others.
 */
export function countReached(boxes: Boxes, list: Uint32Array, reach: Reach): number {
  for (let i = 0; i < list.length; i++) {
    const box = list[i] as number;
    if (decides(boxes, box) && asksBeyond(boxes, box, reach) === 0) return i + 1;
  }
  return list.length;
}
