import type { Place, Problem } from '../diagnostics/problem.ts';
import { lineText } from '../diagnostics/source.ts';
import { boxedRule } from './boxed-rule.ts';
import type { CheckedRule } from './checked.ts';
import type { Classifier, PlacedTree } from './classifier/classifier.ts';
import { type Leaf, longestLeaf, rulesOfLeaf } from './classifier/leaves.ts';
import type { CompiledPolicy } from './compile.ts';
import { type Cost, straightCost, treesCost } from './cost.ts';
import { placeOfRule } from './rule-place.ts';
import type { Block, Structure } from './structure.ts';
import { verdictOf } from './verdict.ts';

/** More than this a stage's rules cost no packet where they can be looked up: see docs/classifier.md. Nanoseconds. */
const LIMIT: Cost = { expected: 1_000, worst: 10_000 };
/** Rules that are named. */
const NAMED = 3;

type Sets = CompiledPolicy['plan']['policy']['sets'];

/** One warning for each stage that costs packets much, with the rules that do. */
export function warnOfCost({ structures, plan }: CompiledPolicy): Problem[] {
  return plan.stages.flatMap(({ stage }) => {
    const structure = structures.get(`stage_${stage}`);
    const worst = structure && costliest(structure, plan.policy.sets);
    if (!worst) return [];
    const { cost, culprits } = worst;
    if (cost.expected < LIMIT.expected && cost.worst < LIMIT.worst) return [];
    const { rules, what, help } = culprits;
    const places = rules.slice(0, NAMED).map((index) => placeOfRule(plan.policy, index));
    const named = places.map(({ rule }) => `"${rule.name}"`).join(', ');
    const who = `${count(rules.length)} rules of ${stage} (${named}${rules.length > NAMED ? ' and others' : ''})`;
    const takes = `a packet takes ${time(cost.expected)} on average, and up to ${time(cost.worst)}`;
    const message = `${who} are ${what}: ${takes}`;
    const [first, ...others] = places.map(({ rule, place }) => ({ rule, place: wholeLine(place, rule) }));
    const related = others.map(({ rule, place }) => ({ message: `"${rule.name}"`, place }));
    return [{ code: 'policy/slow-rules', severity: 'warning', message, help, related, ...first }];
  });
}

interface Culprits {
  /** Their indices, in the policy's order. */
  readonly rules: readonly number[];
  /** What is done with them, and what to do. */
  readonly what: string;
  readonly help: string;
}

interface Costly {
  readonly cost: Cost;
  readonly culprits: Culprits;
}

/** What a packet of the slower family costs, and the rules that cost it most. */
function costliest(structure: Structure, sets: Sets): Costly | undefined {
  const lists = structure.kind === 'straight' ? [[structure]] : [structure.v4, structure.v6];
  return lists
    .flatMap((blocks) => sumOf(blocks, sets) ?? [])
    .reduce<Costly | undefined>((most, one) => (most && most.cost.worst >= one.cost.worst ? most : one), undefined);
}

function sumOf(blocks: readonly Block[], sets: Sets): Costly | undefined {
  const costs = blocks.map((block) => costOf(block, sets));
  const sum = (of: (cost: Cost) => number): number => costs.reduce((total, cost) => total + of(cost), 0);
  const most = costs.reduce((best, cost, i) => (cost.worst > (costs[best] as Cost).worst ? i : best), 0);
  const block = blocks[most];
  if (block === undefined || block.rules.length === 0) return undefined;
  return {
    cost: { expected: sum(({ expected }) => expected), worst: sum(({ worst }) => worst) },
    culprits: culpritsOf(block, blocks),
  };
}

/** What the rules of a block cost. */
export const costOf = (block: Block, sets: Sets): Cost =>
  block.kind === 'straight'
    ? straightCost(block.rules)
    : treesCost(
        block.classifier,
        block.rules.flatMap((rule) => boxedRule(rule, block.family, sets).boxes),
      );

function culpritsOf(block: Block, blocks: readonly Block[]): Culprits {
  if (block.kind === 'straight') {
    return {
      rules: block.rules.map(({ rule }) => rule.index),
      what: 'asked one after the other, for hardly two of them can be looked up together',
      help: 'rules are looked up by addresses, ports, protocol, TCP flags and ICMP type; those that ask for the same besides (payload, filter, length and the like) or do the same (log, mark) are looked up together',
    };
  }
  const { classifier, classes } = block;
  const [tree, leaf] = longestOf(classifier);
  if (leaf.entries < SHORT_LEAF && blocks.length > 1) {
    return {
      rules: blocks.flatMap((one) => one.rules.map(({ rule }) => rule.index)),
      what: `looked up in ${blocks.length} searches, one after the other`,
      help: 'a rule with lists stands for each combination of what is in them: name prefixes or ranges instead of single addresses and ports, or a set that is read from a file',
    };
  }
  const rules = [...new Set(rulesOfLeaf(classifier, tree, leaf))];
  if (leaf.special * 2 < leaf.entries) {
    return {
      rules,
      what: 'asked one after the other, for they overlap in too many ways to be told apart',
      help: 'name longer prefixes, or the same ranges of ports, in them, and let rules that take most packets stand above',
    };
  }
  const decide = classes.every(({ action }) => action.kind in verdictOf);
  return {
    rules,
    what: decide
      ? 'asked one after the other, for they overlap, and ask for more than they are looked up by'
      : 'asked one after the other, for they overlap, and do not decide: a packet meets all that it matches',
    help: 'name longer prefixes or single ports in them, and let rules that decide about many packets stand above',
  };
}

function longestOf(classifier: Classifier): [PlacedTree, Leaf] {
  const leaves = classifier.trees.map((tree) => [tree, longestLeaf(classifier, tree) ?? NO_LEAF] as const);
  const [tree, leaf] = leaves.reduce((most, one) => (one[1].entries > most[1].entries ? one : most));
  return [tree, leaf];
}

/** So many entries are no reason for a cost that is worth a warning. */
const SHORT_LEAF = 100;

const NO_LEAF: Leaf = { at: 0, entries: 0, special: 0 };

/** From where the rule begins to the end of its line. */
function wholeLine(place: Place, { line, column }: CheckedRule): Place {
  const text = lineText(place.source, line) ?? '';
  return { ...place, length: Math.max(0, text.trimEnd().length - (column - 1)) };
}

// Without Intl, whose start costs more than a whole `sluice check`.
const count = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');
const time = (ns: number): string =>
  ns < 10_000 ? `${count(Math.round(ns))} ns` : `${count(Math.round(ns / 1000))} µs`;
