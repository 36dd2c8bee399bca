import { boxedRule } from './boxed-rule.ts';
import type { Action, AddressSet } from './checked.ts';
import type { Family } from './classifier/boxes.ts';
import { buildClassifier, type Classifier } from './classifier/classifier.ts';
import { FIRST_CLASS, NO_CLASS } from './classifier/entry.ts';
import { type RuleBox, toColumns } from './classifier/rule-boxes.ts';
import { straightNs, treesCostOf } from './cost.ts';
import type { LoweredRule, Test } from './lower.ts';
import { patchedBy } from './patched.ts';
import { testsKey } from './tests-key.ts';
import { verdictOf } from './verdict.ts';

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
}

/** What rules of one kind do when the packet is in one of their boxes. */
export interface ActionClass {
  /** As entries have it: FIRST_CLASS and up. */
  readonly number: number;
  /** What is still to be asked. */
  readonly tests: readonly Test[];
  /** Of one of the rules: they differ in their number alone. */
  readonly action: Action;
}

/** Instructions that the questions of one block's classes may take, roughly. */
const MAX_CLASS_CODE = 8000;
/** Blocks of one family. */
const MAX_BLOCKS = 24;
/** Boxes of one block: what its memory has indices for, with what trees take at most. */
const MAX_BOXES = 500_000;

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
  const blocks: Block[] = [];
  let segment = newSegment();
  const close = (): void => {
    if (segment.rules.length > 0) blocks.push(toBlock(segment, family, blocks.length, options));
    segment = newSegment();
  };
  for (const lowered of rules) {
    const { boxes, tests, wide } = boxedRule(lowered, family, options.sets);
    if (boxes.length === 0) continue;
    const plain = tests.length === 0 && isTerminal(lowered.action);
    // At the head of the chain every packet would take the long way for it.
    if (!plain && wide && segment.boxes === 0) {
      segment.rules.push(lowered);
      segment.isHead = true;
      continue;
    }
    if (segment.isHead || segment.boxes >= MAX_BOXES) close();
    if (!plain && !hasRoom(segment, lowered, tests)) close();
    segment.rules.push(lowered);
    segment.boxes += boxes.length;
    segment.classOf.push(
      plain ? verdictOf[lowered.action.kind as keyof typeof verdictOf] : classOf(segment, lowered, tests),
    );
  }
  close();
  // Each block is another search, and its classes fill a program: where hardly a rule asks for the same as another,
  // asking them one by one goes further.
  return blocks.length > MAX_BLOCKS ? [{ kind: 'straight', rules: blocks.flatMap((block) => block.rules) }] : blocks;
}

const isTerminal = ({ kind }: Action): boolean => kind in verdictOf;

/** Rules that one block may take. */
interface Segment {
  readonly rules: LoweredRule[];
  readonly classOf: number[];
  readonly classes: Map<string, ActionClass>;
  boxes: number;
  isHead: boolean;
  code: number;
}

const newSegment = (): Segment => ({ rules: [], classOf: [], classes: new Map(), boxes: 0, isHead: false, code: 0 });

function toBlock(segment: Segment, family: Family, number: number, options: StructureOptions): Block {
  const { chain, force, sets, previous } = options;
  const { rules, boxes, classes, isHead, classOf } = segment;
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
  const map = `trees:${chain}:${family}${number > 0 ? `:${number}` : ''}`;
  const classifier = patched ?? grow();
  return { kind: 'trees', family, map, rules, classOf, classifier, classes: [...classes.values()] };
}

function hasRoom(segment: Segment, lowered: LoweredRule, tests: readonly Test[]): boolean {
  if (segment.classes.has(classKey(lowered, tests))) return true;
  return segment.classes.size < NO_CLASS - FIRST_CLASS && segment.code + codeOf(tests) <= MAX_CLASS_CODE;
}

function classOf(segment: Segment, lowered: LoweredRule, tests: readonly Test[]): number {
  const key = classKey(lowered, tests);
  const known = segment.classes.get(key);
  if (known) return known.number;
  const number = FIRST_CLASS + segment.classes.size;
  segment.classes.set(key, { number, tests, action: lowered.action });
  segment.code += codeOf(tests);
  return number;
}

const classKey = ({ action }: LoweredRule, tests: readonly Test[]): string =>
  `${JSON.stringify(action)} ${testsKey(tests)}`;

/** Instructions that tests become, roughly. */
function codeOf(tests: readonly Test[]): number {
  return tests.reduce((sum, test) => {
    if (test.kind === 'filter') return sum + 10 * test.match.program.length;
    if (test.kind === 'payload') return sum + 20 + 4 * test.match.bytes.length;
    if (test.kind === 'in-ranges') return sum + 4 + 3 * Math.min(64, test.ranges.length);
    return sum + (test.kind === 'address' ? 80 : 6);
  }, 10);
}
