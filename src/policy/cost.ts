import type { Classifier } from './classifier/classifier.ts';
import type { LoweredRule, Test } from './lower.ts';

/** What rules cost a packet, nanoseconds: measured on one machine (docs/classifier.md), so that what matters is the ratio. */
export interface Cost {
  /** With headers as different as in life, and caches as cold. */
  readonly expected: number;
  /** A packet that has to be compared with everything. */
  readonly worst: number;
}

/** A rule that is passed by: most end at their first test, and one in four of those is mispredicted. */
const RULE_NS = 2;
const TEST_NS: Readonly<Partial<Record<Test['kind'], number>>> = { address: 4, payload: 8, filter: 20 };

export function straightCost(rules: readonly LoweredRule[]): Cost {
  const worst = rules.reduce(
    (sum, { tests }) => sum + RULE_NS + tests.reduce((ns, test) => ns + (TEST_NS[test.kind] ?? 1), 0),
    0,
  );
  return { expected: Math.round(rules.length * RULE_NS), worst: Math.round(worst) };
}

/** Walk, the first entry of its leaf, and what is lost where a leaf has more. */
const TREE_NS = 9;
const BASE_NS = 12;
const ENTRY_NS = 3;
/** On the way to the rule that decides a packet waits for memory about twice: a node and an entry. */
const WAITS = 2;
/** A load at random by how much memory it is from: a core's own cache, a shared one, none. */
const loads = [
  { upTo: 2 ** 19, ns: 6 },
  { upTo: 2 ** 21, ns: 28 },
  { upTo: 2 ** 22, ns: 70 },
  { upTo: Number.POSITIVE_INFINITY, ns: 110 },
] as const;

export const treesCost = ({ trees, image }: Classifier): Cost =>
  costOfTrees(
    trees.length,
    image.length * 8,
    trees.reduce((sum, tree) => sum + tree.longestLeaf, 0),
  );

/** Before they are grown: rules part into four trees, and each takes about 50 bytes. */
export const treesCostOf = (boxes: number): Cost => costOfTrees(Math.min(4, 1 + Math.log10(boxes)), boxes * 50, 8);

function costOfTrees(trees: number, bytes: number, longestLeaves: number): Cost {
  const load = loads.find(({ upTo }) => bytes <= upTo)?.ns ?? 0;
  const expected = BASE_NS + trees * TREE_NS + WAITS * load;
  return { expected: Math.round(expected), worst: Math.round(expected + longestLeaves * ENTRY_NS) };
}
