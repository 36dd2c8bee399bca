import type { CheckedPolicy } from '../../policy/checked.ts';
import { keyWords } from '../../policy/classifier/boxes.ts';
import type { PlacedTree } from '../../policy/classifier/classifier.ts';
import type { CompiledPolicy } from '../../policy/compile.ts';
import { type Cost, straightCost, treesCostOf } from '../../policy/cost.ts';
import type { Block, Structure } from '../../policy/structure.ts';
import { costOf } from '../../policy/warn-of-cost.ts';
import { formatBytes, formatCount } from '../output/numbers.ts';
import type { Paint } from '../output/style.ts';
import { type Column, renderTable } from '../output/table.ts';

/** How a list of rules is asked, and what that costs. */
export interface ExplainedBlock {
  readonly stage: string;
  /** `IPv4`, `IPv6`, `not IP`, or `all`. */
  readonly packets: string;
  readonly structure: 'one by one' | 'trees';
  readonly rules: number;
  readonly cost: Cost;
  /** What the structure that was not taken would cost; of trees that are not grown, roughly. */
  readonly instead: { readonly structure: ExplainedBlock['structure']; readonly cost: Cost };
  /** Kinds of rules that ask for more, or do not decide. */
  readonly classes?: number;
  readonly bytes?: number;
  readonly trees?: readonly ExplainedTree[];
}

export interface ExplainedTree {
  /** What the first node looks at. */
  readonly root: string;
  readonly depth: number;
  readonly entries: number;
  readonly longestLeaf: number;
  readonly entryBytes: number;
}

export function explainStructures({ structures, plan }: CompiledPolicy): ExplainedBlock[] {
  return [...structures].flatMap(([chain, structure]) =>
    blocksOf(structure)
      .filter(({ block }) => block.rules.length > 0)
      .map(({ packets, block }) =>
        explainBlock(
          chain.replace('stage_', '').replace('_neighbours', ', neighbours'),
          packets,
          block,
          plan.policy.sets,
        ),
      ),
  );
}

function blocksOf(structure: Structure): { packets: string; block: Block }[] {
  if (structure.kind === 'straight') return [{ packets: 'all', block: structure }];
  const of = (packets: string, blocks: readonly Block[]) => blocks.map((block) => ({ packets, block }));
  return [...of('IPv4', structure.v4), ...of('IPv6', structure.v6), ...of('not IP', [structure.other])];
}

function explainBlock(stage: string, packets: string, block: Block, sets: CheckedPolicy['sets']): ExplainedBlock {
  const rules = block.rules.length;
  const oneByOne = { structure: 'one by one', cost: straightCost(block.rules) } as const;
  if (block.kind === 'straight') {
    return { stage, packets, rules, ...oneByOne, instead: { structure: 'trees', cost: treesCostOf(rules) } };
  }
  const { family, image, trees } = block.classifier;
  return {
    stage,
    packets,
    structure: 'trees',
    rules,
    cost: costOf(block, sets),
    instead: oneByOne,
    classes: block.classes.length,
    bytes: image.length * 8,
    trees: trees.map((tree) => ({
      root: rootInWords(tree, family),
      depth: tree.depth,
      entries: tree.entries,
      longestLeaf: tree.longestLeaf,
      entryBytes: tree.layout.stride,
    })),
  };
}

const parts = { src: 'source', dst: 'destination', ports: 'ports', bits: 'protocol and flags' } as const;

function rootInWords({ root }: PlacedTree, family: 'v4' | 'v6'): string {
  if ('leaf' in root) return 'one leaf';
  const part = keyWords[family].find(({ field }) => field === root.field)?.part;
  return part === undefined ? '' : `${root.bits} bits of ${parts[part]}`;
}

const BLOCK_COLUMNS: readonly Column[] = [
  { head: 'stage' },
  { head: 'packets' },
  { head: 'asked' },
  { head: 'rules', align: 'right' },
  { head: 'memory', align: 'right' },
  { head: 'ns, expected', align: 'right' },
  { head: 'worst', align: 'right' },
  { head: 'otherwise', align: 'right' },
];
const TREE_COLUMNS: readonly Column[] = [
  { head: 'tree of' },
  { head: 'begins with' },
  { head: 'depth', align: 'right' },
  { head: 'entries', align: 'right' },
  { head: 'longest leaf', align: 'right' },
  { head: 'bytes an entry', align: 'right' },
];

export function structuresText(blocks: readonly ExplainedBlock[], paint: Paint): string {
  const rows = blocks.map(({ stage, packets, structure, rules, cost, instead, bytes, classes = 0 }) => [
    stage,
    packets,
    classes > 0 ? `${structure}, ${formatCount(classes)} classes` : structure,
    formatCount(rules),
    bytes === undefined ? '' : formatBytes(bytes),
    formatCount(cost.expected),
    formatCount(cost.worst),
    `${instead.structure}: ${formatCount(instead.cost.expected)}`,
  ]);
  const trees = blocks.flatMap(({ stage, packets, trees = [] }) =>
    trees.map(({ root, depth, entries, longestLeaf, entryBytes }) => [
      `${stage}, ${packets}`,
      root,
      String(depth),
      formatCount(entries),
      formatCount(longestLeaf),
      String(entryBytes),
    ]),
  );
  const lookups = `${paint('bold', 'lookups')}\n${renderTable(BLOCK_COLUMNS, rows, paint, '  ')}`;
  return trees.length === 0 ? lookups : `${lookups}\n${renderTable(TREE_COLUMNS, trees, paint, '  ')}`;
}
