import type { Boxes } from './boxes.ts';
import { bestCut, type Cut, type Effort } from './cut.ts';
import { distribute } from './distribute.ts';
import { type Narrowed, narrow } from './narrow.ts';
import { childRegion, countReached, type Region, reachOf, wholeSpace } from './region.ts';

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
  /** What all trees together may look at, for each box: where that is spent, leaves stay as they are. */
  readonly effortABox: number;
  /** The same for few boxes, besides. */
  readonly freeEffort: number;
}

export const treeLimits: TreeLimits = {
  trees: 7,
  depth: 5,
  leaf: 1,
  copies: 8,
  entriesABox: 4,
  effortABox: 1000,
  freeEffort: 10_000_000,
};

/** So many boxes fit a core's own cache with more room around them than others. */
const FEW_BOXES = 16_384;

/** Entries that a small set of boxes may have besides. */
const FREE_ENTRIES = 4096;

/** Entries that may take the place of long leaves besides. */
const FREE_NARROW_ENTRIES = 65_536;

export interface GrownTrees {
  readonly trees: readonly Tree[];
  /** Rules without which some that are in no leaf would be found. */
  readonly hiding: ReadonlySet<number>;
}

export function growTrees(boxes: Boxes, limits: TreeLimits = treeLimits): GrownTrees {
  const trees: Tree[] = [];
  const hiding = new Set<number>();
  const room = {
    entries: limits.entriesABox * boxes.count + FREE_ENTRIES,
    narrow: boxes.count + FREE_NARROW_ENTRIES,
  };
  const effort = { left: limits.effortABox * boxes.count + limits.freeEffort };
  let list = Uint32Array.from({ length: boxes.count }, (_, i) => i);
  while (list.length > 0) {
    const last = trees.length === limits.trees - 1;
    const left = new Set<number>();
    trees.push(grow({ boxes, limits, last, left, room, hiding, effort }, list, wholeSpace(boxes), 0));
    room.entries -= list.length - left.size;
    list = Uint32Array.from(left).sort();
  }
  return { trees, hiding };
}

interface Growth {
  readonly boxes: Boxes;
  readonly limits: TreeLimits;
  readonly last: boolean;
  readonly left: Set<number>;
  /** What may still be made besides one entry for each box. */
  readonly room: { entries: number /** The same for what takes the place of long leaves. */; narrow: number };
  readonly hiding: Set<number>;
  readonly effort: Effort;
}

const EMPTY: Tree = { kind: 'leaf', boxes: new Uint32Array(0) };

function grow(growth: Growth, all: Uint32Array, region: Region, depth: number): Tree {
  const { boxes, limits, last, left, room, effort } = growth;
  const list = reached(growth, all, region);
  if (list.length === 0) return EMPTY;
  if (list.length <= limits.leaf || depth === limits.depth) return { kind: 'leaf', boxes: list };
  const copies = last ? 2 ** 16 : limits.copies;
  const bits = Math.min(16, Math.ceil(Math.log2(list.length)) + 1);
  const memoryWeight = boxes.count > FEW_BOXES ? 0.15 : 0.05;
  const cut = bestCut(boxes, list, region, { copies, bits, memoryWeight, effort });
  if (!cut) return narrowed(growth, list, region, depth) ?? { kind: 'leaf', boxes: list };
  const parts = distribute(boxes, list, region, cut, copies);
  for (const box of parts.left) left.add(box);
  const more = parts.count - list.length;
  if (more > room.entries) {
    const kept = list.filter((box) => !left.has(box));
    return narrowed(growth, kept, region, depth) ?? { kind: 'leaf', boxes: kept };
  }
  room.entries -= Math.max(0, more);
  const children: Tree[] = [];
  for (let child = 0; child < 2 ** cut.bits; child++) {
    if (parts.isAsBefore(child)) children.push(children[child - 1] as Tree);
    else children.push(grow(growth, parts.of(child), childRegion(region, cut, child), depth + 1));
  }
  return { kind: 'node', cut, children };
}

/** The boxes that packets of the region get to, and gives back the room of the others. */
function reached({ boxes, room, hiding }: Growth, list: Uint32Array, region: Region): Uint32Array {
  if (list.length < 2) return list;
  const count = countReached(boxes, list, reachOf(boxes, list, region));
  if (count === list.length) return list;
  room.entries += list.length - count;
  hiding.add(boxes.rule[list[count - 1] as number] as number);
  return list.subarray(0, count);
}

/** A leaf of more boxes is narrowed. */
const LONG_LEAF = 64;
/** Coarse first: finer cuts take more memory, and are tried while packets meet many boxes. */
const NARROW_BITS = [2, 3, 4, 5] as const;
const FEW_MET = 8;
/** So many times fewer boxes have to be met than in one leaf. */
const WORTH_NARROWING = 4;
/** For each box. */
const NARROW_EFFORT = 400;

/** A tree instead of a long leaf, where there is room for it. */
function narrowed(growth: Growth, list: Uint32Array, region: Region, depth: number): Tree | undefined {
  const { boxes, limits, room, hiding, effort } = growth;
  if (list.length <= LONG_LEAF) return undefined;
  let best: Narrowed | undefined;
  for (const bits of NARROW_BITS) {
    const entries = Math.min(list.length + room.narrow, 4 * list.length + FREE_NARROW_ENTRIES / 4);
    const some = { left: Math.min(effort.left, NARROW_EFFORT * list.length) };
    effort.left -= some.left;
    const result = narrow(boxes, list, region, { depth: limits.depth - depth, bits, entries, effort: some });
    effort.left += Math.max(0, some.left);
    if (result === undefined) continue;
    if (best === undefined || result.mean < best.mean) best = result;
    if (result.mean <= FEW_MET) break;
  }
  if (best === undefined || best.mean > list.length / WORTH_NARROWING) return undefined;
  room.narrow -= best.entries - list.length;
  for (const rule of best.hiding) hiding.add(rule);
  return best.tree;
}
