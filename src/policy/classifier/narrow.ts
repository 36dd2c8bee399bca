import type { Boxes } from './boxes.ts';
import type { Cut, Effort } from './cut.ts';
import { distribute } from './distribute.ts';
import { newPlacement, placing } from './place.ts';
import type { Region } from './region.ts';
import {
  asksBeyond,
  childRegion,
  countReached,
  decides,
  portShifts,
  portsWord,
  type Reach,
  reachOf,
} from './region.ts';
import type { Tree } from './trees.ts';

/**
 * Grows a tree for boxes that overlap so much that no cut parts them. In a region that is small enough, one of the first
 * boxes has every packet, and none behind it is reached: so regions are halved until that is so, wherever boxes end.
 */
export function narrow(boxes: Boxes, list: Uint32Array, region: Region, limits: NarrowLimits): Narrowed | undefined {
  const growth: Growth = { boxes, limits, hiding: new Set(), left: limits.entries, mean: 0 };
  const tree = grow(growth, list, region, limits.depth, 1);
  return tree && { tree, hiding: growth.hiding, entries: limits.entries - growth.left, mean: growth.mean };
}

export interface NarrowLimits {
  /** Nodes on the longest way down. */
  readonly depth: number;
  /** Bits of a cut. */
  readonly bits: number;
  /** What the tree may take, in entries. */
  readonly entries: number;
  readonly effort: Effort;
}

export interface Narrowed {
  readonly tree: Tree;
  /** Rules that others are hidden by. */
  readonly hiding: ReadonlySet<number>;
  /** What it takes. */
  readonly entries: number;
  /** Boxes in a leaf, on average over the region. */
  readonly mean: number;
}

interface Growth {
  readonly boxes: Boxes;
  readonly limits: NarrowLimits;
  readonly hiding: Set<number>;
  left: number;
  mean: number;
}

/** Boxes that are gone through rather than parted. */
const FEW = 6;
/** Of the boxes a child has to have no more than so many, on average, or the cut is not worth its memory. */
const WORTH = 0.9;
/** Children's words are about a quarter of an entry. */
const ENTRIES_A_CHILD = 0.25;

function grow(growth: Growth, all: Uint32Array, region: Region, depth: number, share: number): Tree | undefined {
  const { boxes, hiding, limits } = growth;
  limits.effort.left -= all.length;
  if (limits.effort.left < 0) return undefined;
  let list = all;
  if (all.length > 1) {
    const reach = reachOf(boxes, all, region);
    const count = countReached(boxes, all, reach);
    if (count < all.length) {
      hiding.add(boxes.rule[all[count - 1] as number] as number);
      list = all.subarray(0, count);
    }
  }
  const cut = list.length > FEW && depth > 0 ? bestCut(growth, list, region) : undefined;
  growth.left -= cut ? 2 ** cut.bits * ENTRIES_A_CHILD : list.length;
  if (growth.left < 0) return undefined;
  if (!cut) {
    growth.mean += share * list.length;
    return { kind: 'leaf', boxes: list };
  }
  const within = reachOf(boxes, list, region);
  const parts = distribute(boxes, list, within, cut, Number.POSITIVE_INFINITY);
  const children: Tree[] = [];
  const shareOfChild = share / 2 ** cut.bits;
  for (let child = 0; child < 2 ** cut.bits; child++) {
    const tree = parts.isAsBefore(child)
      ? (children[child - 1] as Tree)
      : grow(growth, parts.of(child), childRegion(within, cut, child), depth - 1, shareOfChild);
    if (tree === undefined) return undefined;
    children.push(tree);
  }
  return { kind: 'node', cut, children };
}

/** The cut that leaves the fewest boxes in a child. */
function bestCut(growth: Growth, list: Uint32Array, region: Region): Cut | undefined {
  const { boxes, limits } = growth;
  const reach = reachOf(boxes, list, region);
  const beyond = Uint32Array.from(list, (box) => asksBeyond(boxes, box, reach));
  let best: Cut | undefined;
  let fewest = WORTH * list.length;
  for (const { cut, part } of candidates(boxes, list, reach, limits.bits)) {
    limits.effort.left -= list.length;
    const mean = meanOfChildren(boxes, { list, beyond }, reach, cut, part);
    if (mean < fewest) [fewest, best] = [mean, cut];
  }
  return best;
}

/** Of each word, and of each port, the first bits that are not known and that some box asks for. */
function* candidates(
  boxes: Boxes,
  list: Uint32Array,
  reach: Reach,
  most: number,
): Generator<{ cut: Cut; part: number }> {
  const ports = portsWord(boxes);
  for (let word = 0; word < reach.known.length; word++) {
    if (word === ports) continue;
    let asked = 0;
    for (let i = 0; i < list.length; i++) asked |= boxes.mask[word]?.[list[i] as number] as number;
    asked &= ~(reach.known[word] as number);
    if (asked === 0) continue;
    const top = 32 - Math.clz32(asked);
    const lowest = 31 - Math.clz32(asked & -asked);
    const bits = Math.min(most, top - lowest);
    yield { cut: { word, shift: top - bits, bits }, part: 1 << word };
  }
  for (const [half, shift] of portShifts.entries()) {
    const known = ((reach.known[ports] as number) >>> shift) & 0xffff;
    const unknown = Math.clz32(((known ^ 0xffff) << 16) | 0x8000);
    const top = 16 - unknown;
    if (top === 0) continue;
    const bits = Math.min(most, top);
    const part = 1 << (half === 0 ? ports : reach.known.length);
    yield { cut: { word: ports, shift: shift + top - bits, bits }, part };
  }
}

const placed = newPlacement();

/** How many boxes are reached in a child, on average: none behind one that has all of it. */
function meanOfChildren(
  boxes: Boxes,
  { list, beyond }: { readonly list: Uint32Array; readonly beyond: Uint32Array },
  reach: Reach,
  cut: Cut,
  part: number,
): number {
  const children = 2 ** cut.bits;
  const place = placing(boxes, cut, reach);
  const closed = new Uint8Array(children);
  const below = (2 ** cut.shift - 1) & ~(reach.known[cut.word] as number);
  let sum = 0;
  for (let i = 0; i < list.length; i++) {
    const box = list[i] as number;
    place(box, placed);
    const { first, count, asked, partialFirst, partialLast } = placed;
    // Nothing else of it ends here than what the window and the bits below it say.
    const closes =
      (beyond[i] as number) === part &&
      decides(boxes, box) &&
      (cut.word === portsWord(boxes) || ((boxes.mask[cut.word]?.[box] as number) & below) === 0);
    const wanted = asked === 0 ? 0 : ((boxes.value[cut.word]?.[box] as number) >>> cut.shift) & asked;
    const last = first + count - 1;
    for (let child = first; child <= last; child++) {
      if (closed[child] === 1 || ((child ^ wanted) & asked) !== 0) continue;
      sum++;
      const isPartial = (child === first && partialFirst) || (child === last && partialLast);
      if (closes && !isPartial) closed[child] = 1;
    }
  }
  return sum / children;
}
