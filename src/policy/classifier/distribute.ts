import type { Boxes } from './boxes.ts';
import type { Cut } from './cut.ts';
import { newPlacement, placing } from './place.ts';
import type { Region } from './region.ts';

/** Boxes by the children of a cut. */
export interface Parts {
  /** In all children together. */
  readonly count: number;
  /** Boxes that fall into more children than they may. */
  readonly left: readonly number[];
  /** The boxes of a child, in the order of their rules. */
  of(child: number): Uint32Array;
  /** Whether the child before has the same boxes, and those the same packets. */
  isAsBefore(child: number): boolean;
}

const placed = newPlacement();

/** @param copies children that one box may fall into */
export function distribute(boxes: Boxes, list: Uint32Array, region: Region, cut: Cut, copies: number): Parts {
  const children = 2 ** cut.bits;
  const place = placing(boxes, cut, region);
  const ends = new Uint32Array(children + 1);
  const isPartial = new Uint8Array(children);
  const left: number[] = [];
  const firsts = new Uint32Array(list.length);
  const counts = new Uint32Array(list.length);
  const asks = new Uint32Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const box = list[i] as number;
    place(box, placed);
    const { first, count, asked } = placed;
    if (count > copies) {
      left.push(box);
      continue;
    }
    if (count === 0) continue;
    firsts[i] = first;
    counts[i] = count;
    asks[i] = asked;
    const wanted = asked === 0 ? 0 : ((boxes.value[cut.word]?.[box] as number) >>> cut.shift) & asked;
    for (let child = first; child < first + count; child++) {
      if (((child ^ wanted) & asked) === 0) ends[child + 1] = (ends[child + 1] as number) + 1;
    }
    if (placed.partialFirst) isPartial[first] = 1;
    if (placed.partialLast) isPartial[first + count - 1] = 1;
  }
  for (let child = 0; child < children; child++) {
    ends[child + 1] = (ends[child + 1] as number) + (ends[child] as number);
  }
  const fill = ends.slice();
  const members = new Uint32Array(ends[children] as number);
  for (let i = 0; i < list.length; i++) {
    const box = list[i] as number;
    const [first, asked] = [firsts[i] as number, asks[i] as number];
    const wanted = asked === 0 ? 0 : ((boxes.value[cut.word]?.[box] as number) >>> cut.shift) & asked;
    for (let child = first; child < first + (counts[i] as number); child++) {
      if (((child ^ wanted) & asked) !== 0) continue;
      const position = fill[child] as number;
      members[position] = box;
      fill[child] = position + 1;
    }
  }
  const of = (child: number): Uint32Array => members.subarray(ends[child] as number, ends[child + 1] as number);
  return {
    count: members.length,
    left,
    of,
    isAsBefore: (child) =>
      child > 0 && isPartial[child] === 0 && isPartial[child - 1] === 0 && same(of(child - 1), of(child)),
  };
}

function same(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length === 0 || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
