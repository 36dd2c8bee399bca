import {
  type Assembler,
  type BpfFunction,
  createAssembler,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R10,
  withoutUnreachable,
} from '../../asm/index.ts';
import { FIRST_RULE, packetFields } from '../../generated/abi.ts';
import { FIRST_CLASS, metaBits, NO_CLASS, NO_META } from '../classifier/entry.ts';
import type { Test } from '../lower.ts';
import type { OperandTable } from '../operands.ts';
import type { ActionClass } from '../segments.ts';
import type { TreesBlock } from '../structure.ts';
import { verdictOf } from '../verdict.ts';
import { emitEffect } from './action.ts';
import { emitClassify, leafSlot } from './classifier.ts';
import { CONTEXT, type Emitter, PACKET } from './emitter.ts';
import { BEST, type ClassifierTable, emitCompare, emitEntryPointer, emitSmaller, TABLE } from './entry.ts';
import { emitRow } from './operands.ts';
import { emitForEachRound, repeated } from './rounds.ts';
import { emitLongScan, emitOnlyBehind, emitScan, isLong, scan, scanFunctions } from './scan.ts';
import { emitTest } from './test.ts';

/** Behind the leaves and the classifier's countdown on the stack: what the functions that are called back share. */
const state = {
  context: leafSlot(9),
  packet: leafSlot(10),
  best: leafSlot(11),
  verdict: leafSlot(12),
  done: leafSlot(13),
};

export interface TreesCode {
  readonly block: TreesBlock;
  readonly table: ClassifierTable;
  /** Names of the block's own functions begin with it. */
  readonly name: string;
  readonly emitterFor: (asm: Assembler) => Emitter;
}

/**
 * Looks the packet up in the block's trees: returns the verdict of the rule that decides, and goes on where none does.
 * Where rules do more than decide, the functions to link with it are returned.
 */
export function emitTrees(asm: Assembler, code: TreesCode): readonly BpfFunction[] {
  const { block, table, name } = code;
  const [special, none] = [asm.uniqueLabel('special'), asm.uniqueLabel('no-rule')];
  emitClassify(asm, table, name);
  asm.mov(R1, BEST);
  asm.rsh(R1, metaBits.class.shift);
  asm.mov(R0, R1);
  asm.and(R0, metaBits.class.mask);
  asm.jumpIf(R0, 'ge', FIRST_CLASS, special);
  asm.rsh(R1, metaBits.rule.shift - metaBits.class.shift);
  asm.add(R1, FIRST_RULE);
  asm.store('u32', PACKET, packetFields.rule.offset, R1);
  asm.comment('the class is the verdict');
  asm.exit();
  asm.label(special);
  if (block.classes.length > 0) emitRounds(asm, name, none);
  asm.label(none);
  const scans = scanFunctions(table, name);
  if (block.classes.length === 0) return scans;
  return [repeated(roundsName(name), roundName(name), state.done), roundFunction(code), ...scans];
}

const roundsName = (name: string): string => `${name}_rounds`;
const roundName = (name: string): string => `${name}_round`;

/**
 * Does what the rule in BEST does, and goes on to the next one that has the packet in a box until one decides, or to
 * `none`: as often as there are such rules.
 */
function emitRounds(asm: Assembler, name: string, none: string): void {
  asm.jumpIf(R0, 'eq', NO_CLASS, none);
  asm.store('u64', R10, state.context, CONTEXT);
  asm.store('u64', R10, state.packet, PACKET);
  asm.store('u64', R10, state.best, BEST);
  asm.store('u64', R10, state.verdict, 0);
  asm.store('u64', R10, state.done, 0);
  asm.mov(R3, R10);
  emitForEachRound(asm, roundsName(name));
  asm.load('u64', R0, R10, state.verdict);
  asm.jumpIf(R0, 'eq', 0, none);
  asm.exit();
}

/** Below what tests use of a function's stack. */
const own = { state: -80, countdown: -88, scan: -128, operands: -136 };

/**
 * (map, key, value, state): does what the rule in `state.best` does, and looks for the next rule unless that one
 * decided. Returns 1 when one did, or when there is no more.
 */
function roundFunction({ block, table, name, emitterFor }: TreesCode): BpfFunction {
  const asm = createAssembler(roundName(name));
  const e = { ...emitterFor(asm), operands: own.operands };
  asm.store('u64', R10, own.state, R4);
  asm.load('u64', CONTEXT, R4, state.context);
  asm.load('u64', PACKET, R4, state.packet);
  asm.load('u64', R1, R4, state.best);
  asm.rsh(R1, metaBits.class.shift);
  asm.and(R1, metaBits.class.mask);
  emitDispatch(asm, block.classes, (actionClass) => emitClass(e, actionClass, block.operands));
  asm.label('next');
  emitNext(asm, table, name);
  asm.load('u64', R4, R10, own.state);
  asm.store('u64', R4, state.best, BEST);
  asm.mov(R1, BEST);
  asm.rsh(R1, metaBits.class.shift);
  asm.mov(R0, R1);
  asm.and(R0, metaBits.class.mask);
  asm.jumpIf(R0, 'eq', NO_CLASS, 'done');
  asm.jumpIf(R0, 'ge', FIRST_CLASS, 'go on');
  asm.label('decided');
  asm.comment('R0: the verdict, R1: the rule and its class');
  asm.load('u64', R4, R10, own.state);
  asm.store('u64', R4, state.verdict, R0);
  asm.rsh(R1, metaBits.rule.shift - metaBits.class.shift);
  asm.add(R1, FIRST_RULE);
  asm.store('u32', PACKET, packetFields.rule.offset, R1);
  asm.label('done');
  asm.store('u64', R4, state.done, 1);
  asm.mov(R0, 1);
  asm.exit();
  asm.label('go on');
  asm.mov(R0, 0);
  asm.exit();
  return withoutUnreachable(asm.finish());
}

/** Jumps by halves to the code of the class whose number is in R1. */
function emitDispatch(asm: Assembler, classes: readonly ActionClass[], emit: (one: ActionClass) => void): void {
  const [only] = classes;
  if (classes.length === 1 && only) {
    emit(only);
    return;
  }
  const half = classes.length >> 1;
  const upper = asm.uniqueLabel('class');
  asm.jumpIf(R1, 'ge', (classes[half] as ActionClass).number, upper);
  emitDispatch(asm, classes.slice(0, half), emit);
  asm.label(upper);
  emitDispatch(asm, classes.slice(half), emit);
}

function emitClass(e: Emitter, { tests, action, operand }: ActionClass, operands?: OperandTable): void {
  const { asm } = e;
  if (operands && [operand, ...tests.map(operandOf)].some((word) => word !== undefined)) {
    asm.load('u64', R1, R10, own.state);
    asm.load('u64', R1, R1, state.best);
    asm.rsh(R1, metaBits.rule.shift);
    emitRow(e, operands);
  }
  for (const test of tests) emitTest(e, test, 'next');
  asm.load('u64', R1, R10, own.state);
  asm.load('u64', R1, R1, state.best);
  if (action.kind === 'allow' || action.kind === 'drop' || action.kind === 'reject') {
    asm.rsh(R1, metaBits.class.shift);
    asm.mov(R0, verdictOf[action.kind]);
    asm.jump('decided');
    return;
  }
  asm.rsh(R1, metaBits.rule.shift);
  asm.mov(R2, R1);
  asm.add(R2, FIRST_RULE);
  emitEffect(e, action, R1, operand);
  asm.jump('next');
}

const operandOf = (test: Test): number | undefined => ('operand' in test ? test.operand : undefined);

/** BEST = the meta of the first rule behind that in `state.best` that has the packet in a box. */
function emitNext(asm: Assembler, table: ClassifierTable, name: string): void {
  asm.load('u64', R1, R10, own.state);
  asm.load('u64', R1, R1, state.best);
  asm.rsh(R1, metaBits.rule.shift);
  asm.store('u64', R10, own.scan + scan.bound, R1);
  asm.loadMapValue(TABLE, table.map, 0);
  asm.loadImm64(BEST, NO_META);
  const bound = [R10, own.scan + scan.bound] as const;
  table.classifier.trees.forEach((tree, index) => {
    const end = asm.uniqueLabel('leaf-end');
    asm.comment(`tree ${index}`);
    asm.load('u64', R1, R10, own.state);
    asm.load('u64', R5, R1, leafSlot(index));
    asm.mov(R1, R5);
    emitEntryPointer(asm, table);
    emitCompare(asm, tree.layout);
    emitOnlyBehind(asm, bound);
    emitSmaller(asm);
    asm.jumpIf(R2, 'ge', BEST, end);
    if (isLong(table.classifier, tree)) emitLongScan(asm, name, index, own.scan);
    else if (tree.longestLeaf > 1) emitScan(asm, table, tree, { countdown: own.countdown, bound });
    // What is before it is in no box or has had its turn: all rounds together go through a leaf once.
    asm.load('u64', R1, R10, own.state);
    asm.store('u64', R1, leafSlot(index), R5);
    asm.label(end);
  });
}
