import type { Classifier, PlacedTree } from './classifier/classifier.ts';
import { FIRST_CLASS } from './classifier/entry.ts';
import { anyKey, keyInBox } from './classifier/key-in-box.ts';
import { longestLeaf } from './classifier/leaves.ts';
import type { Box } from './classifier/rule-boxes.ts';
import { startSearch } from './classifier/walk.ts';
import type { LoweredRule, Test } from './lower.ts';
import { createRandom } from './random.ts';
import { verdictOf } from './verdict.ts';

/** What rules cost a packet, nanoseconds: measured on one machine (docs/classifier.md), so that what matters is the ratio. */
export interface Cost {
  /** Of packets that rules ask for and a few others, with headers as different as in life, and caches as cold. */
  readonly expected: number;
  /** A packet that has to be compared with everything. */
  readonly worst: number;
}

/** A rule that is passed by: most end at their first test, and one in four of those is mispredicted. */
const RULE_NS = 2;
const TEST_NS: Readonly<Partial<Record<Test['kind'], number>>> = { address: 4, payload: 8, filter: 20, window: 50 };

/** What a rule does that does not decide, for each packet, of which it has some. */
const EFFECT_NS = 10;

export function straightCost(rules: readonly LoweredRule[]): Cost {
  const worst = rules.reduce((sum, { tests }) => sum + RULE_NS + testsNs(tests), 0);
  const goOn = rules.filter(({ action }) => !(action.kind in verdictOf)).length;
  return {
    expected: Math.round(straightNs(rules.length) + goOn * EFFECT_NS),
    worst: Math.round(worst + goOn * EFFECT_NS),
  };
}

/** Of rules that decide: most packets meet one in the middle. */
export const straightNs = (rules: number): number => (rules * RULE_NS) / 2;

const testsNs = (tests: readonly Test[]): number => tests.reduce((ns, test) => ns + (TEST_NS[test.kind] ?? 1), 0);

/** Walk, the first entry of its leaf, and what is lost where a leaf has more. */
const TREE_NS = 9;
const BASE_NS = 12;
/** An entry that is passed by in a leaf, for each of its bytes. */
const ENTRY_BYTE_NS = 1 / 12;
/** A rule that does more than decide, and the search behind it. */
const ROUND_NS = 80;
/** On the way to the rule that decides a packet waits for memory about twice: a node and an entry. */
const WAITS = 2;
/** A load at random by how much memory it is from: a core's own cache, a shared one, none. */
const loads = [
  { upTo: 2 ** 19, ns: 6 },
  { upTo: 2 ** 21, ns: 28 },
  { upTo: 2 ** 22, ns: 70 },
  { upTo: Number.POSITIVE_INFINITY, ns: 110 },
] as const;

/** What the trees cost, from a walk of packets by chance through them. */
export function treesCost(classifier: Classifier, boxes: readonly Box[]): Cost {
  const walk = walkNs(classifier.trees.length, classifier.image.length * WORD_BYTES);
  const worst = classifier.trees.reduce((sum, tree) => {
    const { entries, special } = longestLeaf(classifier, tree) ?? { entries: 0, special: 0 };
    return sum + entries * entryNs(tree) + special * ROUND_NS;
  }, walk);
  return { expected: Math.round(walk + leavesNs(classifier, boxes)), worst: Math.round(worst) };
}

/** Before they are grown: rules part into four trees, and each takes about 50 bytes. */
export function treesCostOf(boxes: number): Cost {
  const expected = walkNs(Math.min(4, 1 + Math.log10(boxes)), boxes * 50);
  return { expected: Math.round(expected), worst: Math.round(expected + 16) };
}

const WORD_BYTES = 8;

function walkNs(trees: number, bytes: number): number {
  const load = loads.find(({ upTo }) => bytes <= upTo)?.ns ?? 0;
  return BASE_NS + trees * TREE_NS + WAITS * load;
}

const entryNs = ({ layout }: PlacedTree): number => layout.stride * ENTRY_BYTE_NS;

/** Packets that are sent through the trees, at most: fewer where they are compared with too many entries. */
const SAMPLES = 1000;
const MAX_COMPARED = 4_000_000;
/** One in so many is not from a rule's box. */
const ANYTHING = 5;

/** What packets of the boxes lose on average behind the first entries of their leaves. */
function leavesNs(classifier: Classifier, boxes: readonly Box[]): number {
  const random = createRandom(1);
  const ns = classifier.trees.map(entryNs);
  let [sum, compared, samples] = [0, 0, 0];
  for (; samples < SAMPLES && compared < MAX_COMPARED; samples++) {
    const box = samples % ANYTHING === 0 ? undefined : boxes[random(boxes.length)];
    const search = startSearch(classifier, box ? keyInBox(box, random) : anyKey(classifier.family, random));
    let rounds = 0;
    while ((search.next()?.actionClass ?? 0) >= FIRST_CLASS) rounds++;
    search.entries.forEach((count, tree) => {
      sum += count * (ns[tree] as number);
      compared += count;
    });
    sum += rounds * ROUND_NS;
    compared += rounds;
  }
  return sum / samples;
}
