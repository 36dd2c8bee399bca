import { type Classifier, NO_ENTRY, type PlacedTree } from './classifier.ts';
import { entryClass, entryRule, FIRST_CLASS, isLastEntry } from './entry.ts';
import { type NodeWord, nodeAt, WORD_BYTES } from './image.ts';

/** A leaf of a tree, and what it holds. */
export interface Leaf {
  /** The word of its first entry. */
  readonly at: number;
  readonly entries: number;
  /** Entries of rules that do more than decide. */
  readonly special: number;
}

/** The leaf with most entries; undefined where the tree has none. */
export function longestLeaf(classifier: Classifier, tree: PlacedTree): Leaf | undefined {
  const { halves } = classifier.image;
  let longest: Leaf | undefined;
  for (const at of leafStarts(halves, tree)) {
    const leaf = measureLeaf(halves, tree, at);
    if (longest === undefined || leaf.entries > longest.entries) longest = leaf;
  }
  return longest;
}

/** The indices of the rules in a leaf, in their order. */
export function rulesOfLeaf(
  { image: { halves } }: Classifier,
  { layout }: PlacedTree,
  { at, entries }: Leaf,
): number[] {
  const stride = layout.stride / WORD_BYTES;
  return Array.from({ length: entries }, (_, i) => entryRule(halves, at + i * stride));
}

function measureLeaf(halves: Uint32Array, { layout }: PlacedTree, first: number): Leaf {
  let [entries, special] = [0, 0];
  for (let at = first, last = false; !last; at += layout.stride / WORD_BYTES) {
    entries++;
    if (entryClass(halves, at) >= FIRST_CLASS) special++;
    last = isLastEntry(halves, at);
  }
  return { at: first, entries, special };
}

/** Where the entries of each leaf begin. */
function leafStarts(halves: Uint32Array, { root }: PlacedTree): Set<number> {
  const starts = new Set<number>();
  const visit = (word: number): void => {
    const node = nodeAt(halves, word);
    if (node === undefined) starts.add(halves[word * 2] as number);
    else visitChildren(node);
  };
  const visitChildren = ({ children, bits }: NodeWord): void => {
    for (let i = 0; i < 2 ** bits; i++) visit(children + i);
  };
  if ('leaf' in root) visit(root.leaf);
  else visitChildren(root);
  starts.delete(NO_ENTRY);
  return starts;
}
