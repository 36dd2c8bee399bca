import {
  type Assembler,
  type BpfFunction,
  createAssembler,
  kernelFunctions,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R10,
  withoutUnreachable,
} from '../../asm/index.ts';
import { FIRST_RULE, packetFields } from '../../generated/abi.ts';
import { metaBits, NO_META } from '../classifier/entry.ts';
import { type ActionClass, FIRST_CLASS, NO_CLASS, type TreesBlock } from '../structure.ts';
import { verdictOf } from '../verdict.ts';
import { emitEffect } from './action.ts';
import {
  BEST,
  type ClassifierTable,
  emitClassify,
  emitCompare,
  emitEntryPointer,
  emitScan,
  leafSlot,
  TABLE,
} from './classifier.ts';
import { CONTEXT, type Emitter, PACKET } from './emitter.ts';
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
  emitClassify(asm, table);
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
  return block.classes.length > 0 ? [roundsFunction(name), roundFunction(code)] : [];
}

const roundsName = (name: string): string => `${name}_rounds`;
const roundName = (name: string): string => `${name}_round`;

/**
 * How often a packet may ask on: as many rules as do not decide may have it in a box. The kernel's loop over the entries
 * of an array calls a function for each (Linux 5.13); the map `rounds` has 1,024, and the loop is made for each again.
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

/** Calls the function with the pointer in R3 for each entry of the map `rounds`, until it returns 1. */
function emitForEachRound(asm: Assembler, callee: string): void {
  asm.loadMap(R1, 'rounds');
  asm.loadFunction(R2, callee);
  asm.mov(R4, 0);
  asm.call(kernelFunctions.for_each_map_elem);
}

/** (map, key, value, state): as many rounds as the map has entries. Returns 1 when they have come to an end. */
function roundsFunction(name: string): BpfFunction {
  const asm = createAssembler(roundsName(name));
  asm.mov(R6, R4);
  asm.mov(R3, R4);
  emitForEachRound(asm, roundName(name));
  asm.load('u64', R1, R6, state.done);
  asm.mov(R0, 0);
  asm.jumpIf(R1, 'eq', 0, 'on');
  asm.mov(R0, 1);
  asm.label('on');
  asm.exit();
  return asm.finish();
}

/** Below what tests use of a function's stack. */
const own = { state: -104, bound: -112, countdown: -120 };

/**
 * (map, key, value, state): does what the rule in `state.best` does, and looks for the next rule unless that one
 * decided. Returns 1 when one did, or when there is no more.
 */
function roundFunction({ block, table, name, emitterFor }: TreesCode): BpfFunction {
  const asm = createAssembler(roundName(name));
  const e = emitterFor(asm);
  asm.store('u64', R10, own.state, R4);
  asm.load('u64', CONTEXT, R4, state.context);
  asm.load('u64', PACKET, R4, state.packet);
  asm.load('u64', R1, R4, state.best);
  asm.rsh(R1, metaBits.class.shift);
  asm.and(R1, metaBits.class.mask);
  emitDispatch(asm, block.classes, (actionClass) => emitClass(e, actionClass));
  asm.label('next');
  emitNext(asm, table);
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

function emitClass(e: Emitter, { tests, action }: ActionClass): void {
  const { asm } = e;
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
  emitEffect(e, action, R1);
  asm.jump('next');
}

/** BEST = the meta of the first rule behind that in `state.best` that has the packet in a box. */
function emitNext(asm: Assembler, table: ClassifierTable): void {
  asm.load('u64', R1, R10, own.state);
  asm.load('u64', R1, R1, state.best);
  asm.rsh(R1, metaBits.rule.shift);
  asm.store('u64', R10, own.bound, R1);
  asm.loadMapValue(TABLE, table.map, 0);
  asm.loadImm64(BEST, NO_META);
  const isBehind = (no: string): void => {
    asm.load('u64', R0, R10, own.bound);
    asm.mov(R3, R2);
    asm.rsh(R3, metaBits.rule.shift);
    asm.jumpIf(R3, 'le', R0, no);
  };
  table.classifier.trees.forEach((tree, index) => {
    const [rest, end] = [asm.uniqueLabel('rest'), asm.uniqueLabel('leaf-end')];
    asm.comment(`tree ${index}`);
    asm.load('u64', R1, R10, own.state);
    asm.load('u64', R5, R1, leafSlot(index));
    asm.mov(R1, R5);
    emitEntryPointer(asm, table);
    emitCompare(asm, tree.layout);
    asm.jumpIf(R2, 'ge', BEST, end);
    asm.jumpIf(R0, 'ne', 0, rest);
    isBehind(rest);
    asm.mov(BEST, R2);
    asm.jump(end);
    asm.label(rest);
    if (tree.longestLeaf > 1) emitScan(asm, table, tree, own.countdown, isBehind);
    asm.label(end);
  });
}
