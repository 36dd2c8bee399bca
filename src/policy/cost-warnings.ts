import type { Problem } from '../diagnostics/problem.ts';
import { longestLeaf, rulesOfLeaf } from './classifier/leaves.ts';
import type { CompiledPolicy } from './compile.ts';
import { treesWorst } from './cost.ts';
import { placeOfRule } from './rule-place.ts';
import type { Block, Structure, TreesBlock } from './structure.ts';

/** Rules that a packet may have to be compared with one by one, before that is worth a word. */
const MANY = 1_000;
/** Rules that are named. */
const NAMED = 3;

/** The rules that nothing in headers tells apart, so that packets are compared with all of them; one warning a chain. */
export function costWarnings({ structures, plan: { policy } }: CompiledPolicy): Problem[] {
  return [...structures.values()].flatMap((structure): Problem[] => {
    const costliest = blocksOf(structure)
      .filter((block): block is TreesBlock => block.kind === 'trees')
      .flatMap((block) => block.classifier.trees.map((tree) => ({ block, tree })))
      .map((one) => ({ ...one, leaf: longestLeaf(one.block.classifier, one.tree) }))
      .reduce((a, b) => ((b.leaf?.entries ?? 0) > (a.leaf?.entries ?? 0) ? b : a), NONE);
    const { block, tree, leaf } = costliest;
    if (!block || !tree || !leaf || leaf.entries < MANY) return [];
    const indices = rulesOfLeaf(block.classifier, tree, leaf);
    const rules = indices.slice(0, NAMED).map((index) => `"${placeOfRule(policy, index).rule.name}"`);
    const { place } = placeOfRule(policy, indices[0] as number);
    const microseconds = Math.round(treesWorst(block.classifier) / 1000).toLocaleString('en');
    return [
      {
        code: 'policy/costly-rules',
        severity: 'warning',
        message: `a packet may be compared with ${leaf.entries.toLocaleString('en')} rules one by one, ${microseconds} µs: ${rules.join(', ')} and others overlap`,
        place,
      },
    ];
  });
}

const NONE: {
  block?: TreesBlock;
  tree?: TreesBlock['classifier']['trees'][number];
  leaf?: ReturnType<typeof longestLeaf>;
} = {};

const blocksOf = (structure: Structure): readonly Block[] =>
  structure.kind === 'straight' ? [structure] : [...structure.v4, ...structure.v6];
