import { boxedRule } from './boxed-rule.ts';
import type { Action, AddressSet } from './checked.ts';
import type { Family } from './classifier/boxes.ts';
import { FIRST_CLASS, NO_CLASS } from './classifier/entry.ts';
import type { LoweredRule, Test } from './lower.ts';
import { takeOperands } from './operands.ts';
import { testsKey } from './tests-key.ts';
import { verdictOf } from './verdict.ts';

/** What rules of one kind do when the packet is in one of their boxes. */
export interface ActionClass {
  /** As entries have it: FIRST_CLASS and up. */
  readonly number: number;
  /** What is still to be asked. */
  readonly tests: readonly Test[];
  /** Of one of the rules: they differ in their number alone, and in their operands. */
  readonly action: Action;
  /** Where in a rule's row the action's operands begin; undefined where it has none. */
  readonly operand?: number;
}

/** Rules that one block may take. */
export interface Segment {
  readonly rules: LoweredRule[];
  /** Of each rule: a verdict, or the number of one of `classes`. */
  readonly classOf: number[];
  readonly classes: Map<string, ActionClass>;
  /** Of rules that have operands, by their index. */
  readonly rowOf: Map<number, readonly bigint[]>;
  boxes: number;
  /** Every packet would be looked up for its rules: they are asked before. */
  isHead: boolean;
  code: number;
}

/** Instructions that the questions of one block's classes may take, roughly. */
const MAX_CLASS_CODE = 8000;
/** Boxes of one block: what its memory has indices for, with what trees take at most. */
const MAX_BOXES = 500_000;

export interface SegmentOptions {
  readonly family: Family;
  readonly sets: ReadonlyMap<string, AddressSet>;
  /** Whether rules that differ in numbers alone share their code, which then has to look them up. */
  readonly operands: boolean;
}

/** Cuts a chain into lists of rules that can be looked up together. */
export function segmentsOf(rules: readonly LoweredRule[], options: SegmentOptions): Segment[] {
  const segments: Segment[] = [];
  let segment = newSegment();
  const close = (): void => {
    if (segment.rules.length > 0) segments.push(segment);
    segment = newSegment();
  };
  for (const lowered of rules) {
    const { boxes, tests, wide } = boxedRule(lowered, options.family, options.sets);
    if (boxes.length === 0) continue;
    const plain = tests.length === 0 && isTerminal(lowered.action);
    // At the head of the chain every packet would take the long way for it.
    if (!plain && wide && segment.boxes === 0) {
      segment.rules.push(lowered);
      segment.isHead = true;
      continue;
    }
    if (segment.isHead || segment.boxes >= MAX_BOXES) close();
    const kind = plain ? undefined : kindOf(lowered, tests, options);
    if (kind && !hasRoom(segment, kind)) close();
    segment.rules.push(lowered);
    segment.boxes += boxes.length;
    segment.classOf.push(kind ? classOf(segment, kind) : verdictOf[lowered.action.kind as keyof typeof verdictOf]);
    if (kind && kind.words.length > 0) segment.rowOf.set(lowered.rule.index, kind.words);
  }
  close();
  return segments;
}

const isTerminal = ({ kind }: Action): boolean => kind in verdictOf;

const newSegment = (): Segment => ({
  rules: [],
  classOf: [],
  classes: new Map(),
  rowOf: new Map(),
  boxes: 0,
  isHead: false,
  code: 0,
});

type Kind = Omit<ActionClass, 'number'> & { readonly key: string; readonly words: readonly bigint[] };

function kindOf({ action }: LoweredRule, tests: readonly Test[], { operands }: SegmentOptions): Kind {
  if (!operands) return { tests, action, key: `${JSON.stringify(action)} ${testsKey(tests)}`, words: [] };
  const { action: operand, ...taken } = takeOperands(tests, action);
  return { ...taken, action, ...(operand !== undefined && { operand }) };
}

function hasRoom(segment: Segment, { key, tests }: Kind): boolean {
  if (segment.classes.has(key)) return true;
  return segment.classes.size < NO_CLASS - FIRST_CLASS && segment.code + codeOf(tests) <= MAX_CLASS_CODE;
}

function classOf(segment: Segment, { key, words: _, ...kind }: Kind): number {
  const known = segment.classes.get(key);
  if (known) return known.number;
  const number = FIRST_CLASS + segment.classes.size;
  segment.classes.set(key, { number, ...kind });
  segment.code += codeOf(kind.tests);
  return number;
}

/** Instructions that tests become, roughly. */
function codeOf(tests: readonly Test[]): number {
  return tests.reduce((sum, test) => {
    if (test.kind === 'filter') return sum + 10 * test.match.program.length;
    if (test.kind === 'payload') return sum + 20 + 4 * test.match.bytes.length;
    if (test.kind === 'in-ranges') return sum + 4 + 3 * Math.min(64, test.ranges.length);
    return sum + (test.kind === 'address' ? 80 : 6);
  }, 10);
}
