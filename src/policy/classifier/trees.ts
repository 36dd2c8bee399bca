import type { Boxes } from './boxes.ts';
import { bestCut, type Cut, copiesOf } from './cut.ts';

/** A tree before it stands in memory. */
export type Tree =
  | { readonly kind: 'leaf' /** Boxes in the order of their rules. */; readonly boxes: Uint32Array }
  | { readonly kind: 'node'; readonly cut: Cut; readonly children: readonly Tree[] };

export interface TreeLimits {
  /** Trees at most. */
  readonly trees: number;
  /** Nodes on the longest way down. */
  readonly depth: number;
  /** Boxes that a leaf may hold without a try to part them. */
  readonly leaf: number;
  /** A box stands in so many leaves of a tree at most; only the last tree has to take what is left. */
  readonly copies: number;
  /** Entries of all leaves together, for each box: what would take more stays in longer leaves. */
  readonly entriesABox: number;
}

export const treeLimits: TreeLimits = { trees: 6, depth: 5, leaf: 1, copies: 8, entriesABox: 4 };

/** So many boxes fit a core's own cache with more room around them than others. */
const FEW_BOXES = 16_384;

/** Entries that a small set of boxes may have besides. */
const FREE_ENTRIES = 4096;

export function growTrees(boxes: Boxes, limits: TreeLimits = treeLimits): Tree[] {
  const trees: Tree[] = [];
  const room = { entries: limits.entriesABox * boxes.count + FREE_ENTRIES };
  let list = Uint32Array.from({ length: boxes.count }, (_, i) => i);
  while (list.length > 0) {
    const last = trees.length === limits.trees - 1;
    const left = new Set<number>();
    trees.push(grow({ boxes, limits, last, left, room }, list, 0));
    room.entries -= list.length - left.size;
    list = Uint32Array.from(left).sort();
  }
  return trees;
}

interface Growth {
  readonly boxes: Boxes;
  readonly limits: TreeLimits;
  readonly last: boolean;
  readonly left: Set<number>;
  /** What may still be made besides one entry for each box. */
  readonly room: { entries: number };
}

const EMPTY: Tree = { kind: 'leaf', boxes: new Uint32Array(0) };

function grow(growth: Growth, list: Uint32Array, depth: number): Tree {
  const { boxes, limits, last, left, room } = growth;
  if (list.length === 0) return EMPTY;
  if (list.length <= limits.leaf || depth === limits.depth) return { kind: 'leaf', boxes: list };
  const copies = last ? 2 ** 16 : limits.copies;
  const bits = Math.min(16, Math.ceil(Math.log2(list.length)) + 1);
  const memoryWeight = boxes.count > FEW_BOXES ? 0.15 : 0.05;
  const cut = bestCut(boxes, list, { copies, bits, memoryWeight });
  if (!cut) return { kind: 'leaf', boxes: list };

  const count = 2 ** cut.bits;
  const window = count - 1;
  const value = boxes.value[cut.word] as Uint32Array;
  const mask = boxes.mask[cut.word] as Uint32Array;
  const sizes = new Uint32Array(count + 1);
  const first = new Uint32Array(list.length);
  const number = new Uint32Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const box = list[i] as number;
    const asked = ((mask[box] as number) >>> cut.shift) & window;
    const n = copiesOf(asked, cut.bits);
    if (n > copies) {
      left.add(box);
      continue;
    }
    const at = n === count ? 0 : ((value[box] as number) >>> cut.shift) & asked;
    first[i] = at;
    number[i] = n;
    for (let k = 0; k < n; k++) sizes[at + k + 1] = (sizes[at + k + 1] as number) + 1;
  }
  for (let c = 0; c < count; c++) sizes[c + 1] = (sizes[c + 1] as number) + (sizes[c] as number);
  const more = (sizes[count] as number) - list.length;
  if (more > room.entries) return { kind: 'leaf', boxes: list.filter((_, i) => number[i] !== 0) };
  room.entries -= Math.max(0, more);
  const fill = sizes.slice();
  const members = new Uint32Array(sizes[count] as number);
  for (let i = 0; i < list.length; i++) {
    const at = first[i] as number;
    for (let k = 0; k < (number[i] as number); k++) {
      const position = fill[at + k] as number;
      members[position] = list[i] as number;
      fill[at + k] = position + 1;
    }
  }
  const children: Tree[] = [];
  for (let c = 0; c < count; c++) {
    const [from, to] = [sizes[c] as number, sizes[c + 1] as number];
    const part = members.subarray(from, to);
    const previous = c > 0 ? members.subarray(sizes[c - 1] as number, from) : undefined;
    if (previous && part.length > 0 && same(previous, part)) children.push(children[c - 1] as Tree);
    else children.push(grow(growth, part, depth + 1));
  }
  return { kind: 'node', cut, children };
}

function same(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
