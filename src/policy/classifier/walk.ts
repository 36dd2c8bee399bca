import { addressWords, keyWords } from './boxes.ts';
import { type Classifier, NO_ENTRY, type PlacedTree } from './classifier.ts';
import { entryRule, isLastEntry, metaBits } from './entry.ts';
import { nodeAt, WORD_BYTES } from './image.ts';

/** A packet's key words, in the order of `keyWords`. */
export type Key = readonly number[];

/** The rule that generated code finds for a packet: the same walk over the same memory. Undefined where there is none. */
export function classify(classifier: Classifier, key: Key): number | undefined {
  const found = classifier.trees.flatMap((tree) => firstInLeaf(classifier, tree, key) ?? []);
  return found.length === 0 ? undefined : Math.min(...found);
}

function firstInLeaf(classifier: Classifier, tree: PlacedTree, key: Key): number | undefined {
  const { halves } = classifier.image;
  const stride = tree.layout.stride / WORD_BYTES;
  for (let at = leafOf(classifier, tree, key); ; at += stride) {
    if (at !== NO_ENTRY && isIn(classifier, tree, at, key)) return entryRule(halves, at);
    if (isLastEntry(halves, at)) return undefined;
  }
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
  const start = at * 2;
  const words = addressWords[family];
  const shifts = (halves[start] as number) & (metaBits.last - 1);
  const [ports, bits] = [key[2 * words] as number, key[2 * words + 1] as number];
  for (const { part, half, index, offset, bytes } of layout.halves) {
    const first = (part === 'src' ? 0 : words) + (half === 'lo' && bytes === 8 ? 2 : 0);
    const packet = bytes === 4 ? BigInt(key[first] as number) : joined(key[first] as number, key[first + 1] as number);
    const low = halves[start + offset / 4] as number;
    const entry = bytes === 4 ? BigInt(low) : joined(halves[start + offset / 4 + 1] as number, low);
    const shift = (shifts >>> (7 * index)) & 0x7f;
    if ((packet ^ entry) >> BigInt((shift & 0x3f) + (shift >> 6)) !== 0n) return false;
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

const joined = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);
