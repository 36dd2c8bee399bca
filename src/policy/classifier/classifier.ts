import { type Boxes, type Family, keyWords } from './boxes.ts';
import { type EntryLayout, layoutFor, wordsOfEntry, writeEntry, writeNoEntry } from './entry.ts';
import { createImage, type Image, type NodeWord, WORD_BYTES, writeLeaf, writeNode } from './image.ts';
import { growTrees, type Tree, type TreeLimits } from './trees.ts';

/** Boxes as trees in memory, and what generated code has to know of each tree. */
export interface Classifier {
  readonly family: Family;
  /** Boxes. */
  readonly count: number;
  readonly image: Image;
  /** Words of the image when it was built; it gets longer as boxes are added to what stands there. */
  readonly builtLength: number;
  readonly trees: readonly PlacedTree[];
  /** Indices of rules without which others would be found that stand in no leaf now. */
  readonly hiding: ReadonlySet<number>;
}

export interface PlacedTree {
  /** Where the walk begins: a node that the code knows, or the index of a leaf's word. */
  readonly root: NodeWord | { readonly leaf: number };
  /** Nodes on the longest way down. */
  readonly depth: number;
  /** For each step but the first the field that all nodes there look at, where it is one. */
  readonly fields: readonly (number | undefined)[];
  readonly layout: EntryLayout;
  /** Entries of the longest leaf. */
  readonly longestLeaf: number;
  readonly entries: number;
  /** The words where entries begin or have begun. */
  readonly entryAt: Uint32Array;
}

/** The entry of no rule, which empty leaves point to; behind it the words of roots that are leaves. */
export const NO_ENTRY = 0;
const FIRST_ROOT = 8;
const FIRST_FREE = 16;

export function buildClassifier(boxes: Boxes, limits?: TreeLimits): Classifier {
  const image = createImage();
  writeNoEntry(image, image.allocate(FIRST_FREE));
  const grown = growTrees(boxes, limits);
  const trees = grown.trees.map((tree, index) => placeTree(image, boxes, tree, FIRST_ROOT + index));
  const { family, count } = boxes;
  return { family, count, image, builtLength: image.length, trees, hiding: grown.hiding };
}

function placeTree(image: Image, boxes: Boxes, tree: Tree, rootLeaf: number): PlacedTree {
  const layout = layoutFor(boxes, membersOf(tree));
  const words = layout.stride / WORD_BYTES;
  const fieldsByStep: Set<number>[] = [];
  const placed = new Map<Tree, NodeWord | number>();
  const entryAt: number[] = [];
  let [depth, longestLeaf] = [0, 0];

  function placeEntries(members: Uint32Array): number {
    if (members.length === 0) return NO_ENTRY;
    longestLeaf = Math.max(longestLeaf, members.length);
    const last = members[members.length - 1] as number;
    const start = image.allocate((members.length - 1) * words + wordsOfEntry(layout, boxes, last));
    for (let i = 0; i < members.length; i++) {
      entryAt.push(start + i * words);
      writeEntry(image, start + i * words, boxes, members[i] as number, layout, i === members.length - 1);
    }
    return start;
  }

  function place(part: Tree, step: number): NodeWord | number {
    const before = placed.get(part);
    if (before !== undefined) return before;
    let here: NodeWord | number;
    if (part.kind === 'leaf') here = placeEntries(part.boxes);
    else {
      const { word, shift, bits } = part.cut;
      const field = (keyWords[boxes.family][word] as { field: number }).field;
      fieldsByStep[step] = (fieldsByStep[step] ?? new Set()).add(field);
      depth = Math.max(depth, step + 1);
      const count = part.children.length;
      const children = image.allocate(count, Math.min(8, count));
      here = { field, shift, bits, children };
      for (let i = 0; i < count; i++) {
        const child = place(part.children[i] as Tree, step + 1);
        if (typeof child === 'number') writeLeaf(image, children + i, child);
        else writeNode(image, children + i, child);
      }
    }
    placed.set(part, here);
    return here;
  }

  const root = place(tree, 0);
  const fields = fieldsByStep.map((set) => (set.size === 1 ? [...set][0] : undefined));
  if (typeof root === 'number') writeLeaf(image, rootLeaf, root);
  return {
    root: typeof root === 'number' ? { leaf: rootLeaf } : root,
    depth,
    fields,
    layout,
    longestLeaf,
    entries: entryAt.length,
    entryAt: Uint32Array.from(entryAt),
  };
}

function membersOf(tree: Tree): Set<number> {
  const members = new Set<number>();
  const visit = (part: Tree): void => {
    if (part.kind === 'leaf') for (const box of part.boxes) members.add(box);
    else for (const child of new Set(part.children)) visit(child);
  };
  visit(tree);
  return members;
}
