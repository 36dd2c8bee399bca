import { boxedRule } from './boxed-rule.ts';
import type { AddressSet } from './checked.ts';
import type { Family } from './classifier/boxes.ts';
import { buildClassifier, type Classifier } from './classifier/classifier.ts';
import { type RuleBox, toColumns } from './classifier/rule-boxes.ts';
import { straightNs, treesCostOf } from './cost.ts';
import type { LoweredRule } from './lower.ts';
import { type OperandTable, operandTable } from './operands.ts';
import { patchedBy } from './patched.ts';
import { type ActionClass, type Segment, segmentsOf } from './segments.ts';

/** How a chain of rules is asked: one after the other, or each family in its own way. */
export type Structure =
  | StraightBlock
  | {
      readonly kind: 'by-family';
      readonly v4: readonly Block[];
      readonly v6: readonly Block[];
      /** The rules that packets which are not IP may match. */
      readonly other: StraightBlock;
    };

/** Consecutive rules; the next block is asked where none of them decided. */
export type Block = StraightBlock | TreesBlock;

export interface StraightBlock {
  readonly kind: 'straight';
  readonly rules: readonly LoweredRule[];
}

export interface TreesBlock {
  readonly kind: 'trees';
  readonly family: Family;
  /** Name of the map that holds the trees. */
  readonly map: string;
  readonly rules: readonly LoweredRule[];
  /** Of each rule: a verdict, or the number of one of `classes`. */
  readonly classOf: readonly number[];
  readonly classifier: Classifier;
  /** Rules that do not simply end the stage. */
  readonly classes: readonly ActionClass[];
  /** What code reads that rules share. */
  readonly operands?: OperandTable;
}

/** Blocks of one family. */
const MAX_BLOCKS = 24;
/** With more of them rules share their code, though it then has to look their numbers up. */
const FEW_BLOCKS = 2;

export interface StructureOptions {
  readonly chain: string;
  readonly sets: ReadonlyMap<string, AddressSet>;
  /** For experiments: what to build whatever it costs. */
  readonly force?: 'straight' | 'trees';
  /** The chain before its rules changed: trees of which little has changed are patched instead of grown. */
  readonly previous?: Structure;
}

export function structureChain(rules: readonly LoweredRule[], options: StructureOptions): Structure {
  const straight: StraightBlock = { kind: 'straight', rules };
  if (options.force === 'straight') return straight;
  if (options.force === undefined && isCheaperStraight(rules, rules.length)) return straight;
  const v4 = structureFamily(rules, 'v4', options);
  const v6 = structureFamily(rules, 'v6', options);
  if (![...v4, ...v6].some(({ kind }) => kind === 'trees')) return straight;
  return { kind: 'by-family', v4, v6, other: { kind: 'straight', rules: rules.filter(mayMatchOther) } };
}

const isCheaperStraight = (rules: readonly LoweredRule[], boxes: number): boolean =>
  straightNs(rules.length) <= treesCostOf(boxes).expected;

/** Whether a packet that is not IP may match. */
function mayMatchOther({ rule: { match } }: LoweredRule): boolean {
  const { from, to, fromPort, port, tcpFlags, icmpType, icmpCode, ttl, dscp, fragment, protocol } = match;
  const ofIp = [from, to, fromPort, port, tcpFlags, icmpType, icmpCode, ttl, dscp, fragment];
  return ofIp.every((part) => part === undefined) && (protocol === undefined || protocol.arp);
}

function structureFamily(rules: readonly LoweredRule[], family: Family, options: StructureOptions): Block[] {
  const { sets } = options;
  let segments = segmentsOf(rules, { family, sets, operands: false });
  if (segments.length > FEW_BLOCKS) {
    const others = segmentsOf(rules, { family, sets, operands: true });
    if (others.length < segments.length) segments = others;
  }
  // Each block is another search, and its classes fill a program: where hardly a rule asks for the same as another,
  // asking them one by one goes further.
  if (segments.length > MAX_BLOCKS) return [{ kind: 'straight', rules: segments.flatMap((segment) => segment.rules) }];
  return segments.map((segment, number) => toBlock(segment, family, number, options));
}

function toBlock(segment: Segment, family: Family, number: number, options: StructureOptions): Block {
  const { chain, force, sets, previous } = options;
  const { rules, boxes, classes, isHead, classOf, rowOf } = segment;
  if (isHead || (force !== 'trees' && isCheaperStraight(rules, boxes))) return { kind: 'straight', rules };
  const before = previous?.kind === 'by-family' ? previous[family][number] : undefined;
  const boxesFrom = (lowered: LoweredRule, actionClass: number): RuleBox[] =>
    boxedRule(lowered, family, sets).boxes.map((box) => ({ rule: lowered.rule.index, actionClass, box }));
  const patched = before?.kind === 'trees' ? patchedBy(before, rules, classOf, boxesFrom) : undefined;
  const grow = (): Classifier =>
    buildClassifier(
      toColumns(
        rules.flatMap((rule, i) => boxesFrom(rule, classOf[i] as number)),
        family,
      ),
    );
  const place = `${chain}:${family}${number > 0 ? `:${number}` : ''}`;
  const operands = rowOf.size > 0 ? operandTable(`operands:${place}`, rowOf) : undefined;
  return {
    kind: 'trees',
    family,
    map: `trees:${place}`,
    rules,
    classOf,
    classifier: patched ?? grow(),
    classes: [...classes.values()],
    ...(operands && { operands }),
  };
}
