import { addressWords, keyWords } from './boxes.ts';
import { type Classifier, NO_ENTRY, type PlacedTree } from './classifier.ts';
import { entryClass, entryRule, isLastEntry, metaBits } from './entry.ts';
import { nodeAt, WORD_BYTES } from './image.ts';

/** A packet's key words, in the order of `keyWords`. */
export type Key = readonly number[];

/** A rule that has the packet in a box. */
export interface Found {
  readonly rule: number;
  readonly actionClass: number;
}

/** The rule that generated code finds for a packet: the same walk over the same memory. Undefined where there is none. */
export const classify = (classifier: Classifier, key: Key): number | undefined =>
  startSearch(classifier, key).next()?.rule;

/** What a packet is compared with, rule by rule. */
export interface Search {
  /** The next rule in the policy's order. */
  next(): Found | undefined;
  /** Of each tree the entries so far, without the first one of its leaf. */
  readonly entries: readonly number[];
}

/** Goes through the packet's leaves as generated code does, in rounds where rules do not decide. */
export function startSearch(classifier: Classifier, key: Key): Search {
  const { halves } = classifier.image;
  const leaves = classifier.trees.map((tree) => {
    return { tree, stride: tree.layout.stride / WORD_BYTES, at: leafOf(classifier, tree, key) };
  });
  let bound = -1;
  const entries = leaves.map(() => 0);
  return {
    entries,
    next() {
      let best: Found | undefined;
      for (const [tree, leaf] of leaves.entries()) {
        for (; ; leaf.at += leaf.stride, entries[tree] = (entries[tree] as number) + 1) {
          const rule = leaf.at === NO_ENTRY ? Number.POSITIVE_INFINITY : entryRule(halves, leaf.at);
          if (best !== undefined && rule >= best.rule) break;
          if (rule > bound && isIn(classifier, leaf.tree, leaf.at, key)) {
            best = { rule, actionClass: entryClass(halves, leaf.at) };
            break;
          }
          if (isLastEntry(halves, leaf.at)) break;
        }
      }
      if (best !== undefined) bound = best.rule;
      return best;
    },
  };
}

/** Where the entries of the packet's leaf begin. */
function leafOf({ family, image: { halves } }: Classifier, { root, depth }: PlacedTree, key: Key): number {
  if ('leaf' in root) return halves[root.leaf * 2] as number;
  let node: ReturnType<typeof nodeAt> = root;
  let at = 0;
  for (let step = 0; node !== undefined; step++) {
    if (step === depth) throw new Error('a way down is longer than the tree says');
    const { field, shift, bits, children } = node;
    const word = keyWords[family].findIndex((one) => one.field === field);
    at = children + (((key[word] as number) >>> shift) & (2 ** bits - 1));
    if (at >= halves.length / 2) throw new Error('a node points outside of the memory');
    node = nodeAt(halves, at);
  }
  return halves[at * 2] as number;
}

function isIn({ family, image: { halves } }: Classifier, { layout }: PlacedTree, at: number, key: Key): boolean {
  if (at === NO_ENTRY) return false;
  const start = at * 2;
  const words = addressWords[family];
  const shifts = (halves[start] as number) & (metaBits.last - 1);
  const [ports, bits] = [key[2 * words] as number, key[2 * words + 1] as number];
  for (const { part, half, index, offset, bytes } of layout.halves) {
    const first = (part === 'src' ? 0 : words) + (half === 'lo' && bytes === 8 ? 2 : 0);
    const meta = shifts >>> (metaBits.half.bits * index);
    const shift = (meta & metaBits.half.shift) + ((meta >>> (metaBits.half.bits - 1)) & 1);
    const low = halves[start + offset / 4] as number;
    if (bytes === 4) {
      if (shift < 32 && ((key[first] as number) ^ low) >>> shift !== 0) return false;
      continue;
    }
    const high = (halves[start + offset / 4 + 1] as number) ^ (key[first] as number);
    if (shift < 32 ? high !== 0 : shift < 64 && high >>> (shift - 32) !== 0) return false;
    if (shift < 32 && ((key[first + 1] as number) ^ low) >>> shift !== 0) return false;
  }
  if (layout.bits !== undefined) {
    const [value, mask] = [halves[start + layout.bits / 4] as number, halves[start + layout.bits / 4 + 1] as number];
    if (((bits ^ value) & mask) !== 0) return false;
  }
  const within = (offset: number | undefined, port: number): boolean => {
    if (offset === undefined) return true;
    const range = halves[start + offset / 4] as number;
    return port >= (range & 0xffff) && port <= range >>> 16;
  };
  return within(layout.srcPort, ports >>> 16) && within(layout.dstPort, ports & 0xffff);
}
