import { keyWords } from './boxes.ts';
import { type Classifier, NO_ENTRY, type PlacedTree } from './classifier.ts';
import { type EntryLayout, entryRule, isLastEntry, layoutFor, markLast, moveRule, writeEntry } from './entry.ts';
import { copyImage, type Image, type NodeWord, nodeAt, WORD_BYTES, writeLeaf } from './image.ts';
import { newPlacement, placing } from './place.ts';
import { childRegion, type Region, wholeSpace } from './region.ts';
import { type Box, type RuleBox, toColumns } from './rule-boxes.ts';
import { treeLimits } from './trees.ts';

/** How the rules of a classifier have changed. */
export interface RuleChange {
  /** The new index of the rule that had the index `old`; undefined where there is no such rule any more. */
  readonly moved: (old: number) => number | undefined;
  /** Boxes of rules that are gone, with their old indices. */
  readonly removed: readonly RuleBox[];
  /** Boxes of new rules, with their new indices. */
  readonly added: readonly RuleBox[];
}

/** Children that one box may be looked for in before it is better to grow new trees. */
const MAX_WAYS = 8192;
/** How much larger than it was built the memory may get: what is taken out leaves holes. */
const MAX_GROWTH = 1.5;

/**
 * A classifier with the change made, in memory of its own: the trees stay, leaves that are concerned are written anew.
 * Undefined where the trees do not fit any more and have to be grown.
 */
export function patchClassifier(before: Classifier, change: RuleChange): Classifier | undefined {
  if (change.removed.some(({ rule }) => before.hiding.has(rule))) return undefined;
  const image = copyImage(before.image);
  const trees = before.trees.map((tree) => ({ ...tree, entryAt: tree.entryAt.slice() }));
  for (const { rule, box } of change.removed) {
    if (!trees.every((tree) => removeBox(image, before, tree, rule, box))) return undefined;
  }
  for (const tree of trees) renumber(image, tree, change.moved);
  for (const added of change.added) {
    if (!trees.some((tree, i) => addBox(image, before, tree, added, i === trees.length - 1))) return undefined;
  }
  if (image.length > before.builtLength * MAX_GROWTH) return undefined;
  const count = before.count - change.removed.length + change.added.length;
  const hiding = new Set([...before.hiding].flatMap((rule) => change.moved(rule) ?? []));
  return { ...before, count, image, trees, hiding };
}

type OpenTree = { -readonly [Key in keyof PlacedTree]: PlacedTree[Key] };

/** Calls back with the word of each leaf that packets of the box may come to; false where they are too many. */
function eachLeaf(
  { halves }: Image,
  { family }: Classifier,
  { root }: PlacedTree,
  box: Box,
  copies: number,
  visit: (word: number) => void,
): boolean {
  if ('leaf' in root) {
    visit(root.leaf);
    return true;
  }
  const boxes = toColumns([{ rule: 0, actionClass: 0, box }], family);
  const words = keyWords[family];
  const placed = newPlacement();
  const seen = new Set<number>();
  let ways = 0;
  const descend = (node: NodeWord, region: Region): boolean => {
    const cut = { word: words.findIndex(({ field }) => field === node.field), shift: node.shift, bits: node.bits };
    placing(boxes, cut, region)(0, placed);
    const { first, count } = placed;
    if (count > copies) return false;
    for (let child = first; child < first + count; child++) {
      // Parts of a tree that several ways lead to are gone through for each: the box may end elsewhere in its region.
      if (++ways > MAX_WAYS) return false;
      const at = node.children + child;
      const below = nodeAt(halves, at);
      if (below !== undefined) {
        if (!descend(below, childRegion(region, cut, child))) return false;
      } else if (!seen.has(at)) {
        seen.add(at);
        visit(at);
      }
    }
    return true;
  };
  return descend(root, wholeSpace(boxes));
}

/** False where it may be in more leaves than are looked at. */
function removeBox(image: Image, of: Classifier, tree: OpenTree, rule: number, box: Box): boolean {
  const stride = tree.layout.stride / WORD_BYTES;
  const { halves } = image;
  return eachLeaf(image, of, tree, box, Number.POSITIVE_INFINITY, (word) => {
    const start = halves[word * 2] as number;
    if (start === NO_ENTRY) return;
    let kept = 0;
    for (let i = 0, last = false; !last; i++) {
      const from = start + i * stride;
      last = isLastEntry(halves, from);
      if (entryRule(halves, from) === rule) continue;
      halves.copyWithin((start + kept * stride) * 2, from * 2, (from + stride) * 2);
      kept++;
    }
    if (kept === 0) writeLeaf(image, word, NO_ENTRY);
    else markLast(halves, start + (kept - 1) * stride, true);
  });
}

/** Every entry's rule by its new index. What was taken out stands behind the last entry of a leaf, where none looks. */
function renumber({ halves }: Image, { entryAt }: OpenTree, moved: RuleChange['moved']): void {
  for (let i = 0; i < entryAt.length; i++) {
    const at = entryAt[i] as number;
    const index = moved(entryRule(halves, at));
    if (index !== undefined) moveRule(halves, at, index);
  }
}

/** False where the tree cannot take it. */
function addBox(image: Image, of: Classifier, tree: OpenTree, added: RuleBox, isLastTree: boolean): boolean {
  const boxes = toColumns([added], of.family);
  if (!covers(tree.layout, layoutFor(boxes, [0]))) return false;
  const leaves: number[] = [];
  const copies = isLastTree ? Number.POSITIVE_INFINITY : treeLimits.copies;
  if (!eachLeaf(image, of, tree, added.box, copies, (word) => leaves.push(word))) return false;
  const stride = tree.layout.stride / WORD_BYTES;
  const entryAt: number[] = [];
  for (const word of leaves) {
    const start = image.halves[word * 2] as number;
    const old: number[] = [];
    if (start !== NO_ENTRY) {
      for (let at = start; ; at += stride) {
        old.push(at);
        if (isLastEntry(image.halves, at)) break;
      }
    }
    const position = old.findIndex((at) => entryRule(image.halves, at) > added.rule);
    const before = position < 0 ? old.length : position;
    const fresh = image.allocate((old.length + 1) * stride);
    const { halves } = image;
    for (let i = 0; i <= old.length; i++) {
      const to = fresh + i * stride;
      entryAt.push(to);
      if (i === before) writeEntry(image, to, boxes, 0, tree.layout, i === old.length);
      else {
        const from = old[i < before ? i : i - 1] as number;
        halves.copyWithin(to * 2, from * 2, (from + stride) * 2);
        markLast(halves, to, i === old.length);
      }
    }
    writeLeaf(image, word, fresh);
    tree.longestLeaf = Math.max(tree.longestLeaf, old.length + 1);
  }
  tree.entries += leaves.length;
  const more = new Uint32Array(tree.entryAt.length + entryAt.length);
  more.set(tree.entryAt);
  more.set(entryAt, tree.entryAt.length);
  tree.entryAt = more;
  return true;
}

/** Whether entries of one layout say all that the other's do. */
function covers(layout: EntryLayout, needed: EntryLayout): boolean {
  return (
    needed.halves.every(({ index }) => layout.halves.some((half) => half.index === index)) &&
    (needed.bits === undefined || layout.bits !== undefined) &&
    (needed.srcPort === undefined || layout.srcPort !== undefined) &&
    (needed.dstPort === undefined || layout.dstPort !== undefined)
  );
}
