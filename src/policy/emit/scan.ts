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
  R6,
  R10,
  type Register,
} from '../../asm/index.ts';
import type { Classifier, PlacedTree } from '../classifier/classifier.ts';
import { metaBits } from '../classifier/entry.ts';
import { WORD_BYTES } from '../classifier/image.ts';
import { PACKET } from './emitter.ts';
import { BEST, type ClassifierTable, emitCompare, emitEntryPointer, emitSmaller, TABLE } from './entry.ts';
import { emitForEachRound, repeated } from './rounds.ts';

export interface ScanOptions {
  /** A slot on the stack. */
  readonly countdown: number;
  /** Where to go when the countdown has come to its end; R5 is then at the last entry that was looked at. */
  readonly pause?: string;
  /** Where the number stands that an entry's rule must pass: a register and bytes from where it points to. */
  readonly bound?: readonly [Register, number];
}

/** Entries that the verifier follows one by one, of the longest leaves of all trees together. */
const SCANNED_INLINE = 256;
/** Entries that a function which is called back goes through; the rest is for the next call of it. */
const SCANNED_AT_ONCE = 64;

/** Whether the tree's leaves are gone through by a function that is called back: those of the trees with the longest. */
export function isLong({ trees }: Classifier, { longestLeaf }: PlacedTree): boolean {
  const upToThis = trees.filter((tree) => tree.longestLeaf <= longestLeaf);
  return upToThis.reduce((sum, tree) => sum + tree.longestLeaf, 0) > SCANNED_INLINE;
}

/**
 * Goes through the leaf behind the entry at index R5, whose meta is in R2, for one better than BEST. Overwrites R0 to R5.
 */
export function emitScan(
  asm: Assembler,
  table: ClassifierTable,
  { layout, longestLeaf }: PlacedTree,
  { countdown, pause, bound }: ScanOptions,
): void {
  const [next, end] = [asm.uniqueLabel('entry'), asm.uniqueLabel('leaf-end')];
  asm.store('u64', R10, countdown, pause === undefined ? longestLeaf : SCANNED_AT_ONCE);
  asm.label(next);
  asm.jumpIf32(R2, 'set', metaBits.last, end);
  asm.load('u64', R0, R10, countdown);
  asm.sub(R0, 1);
  asm.store('u64', R10, countdown, R0);
  // Without a place to pause it is for the verifier alone: no leaf is longer.
  asm.jumpIf(R0, 'eq', 0, pause ?? end);
  asm.add(R5, layout.stride / WORD_BYTES);
  asm.mov(R1, R5);
  emitEntryPointer(asm, table);
  emitCompare(asm, layout);
  if (bound) emitOnlyBehind(asm, bound);
  emitSmaller(asm);
  // Entries are in the order of their rules: behind one that counts, or that is not better, there is none.
  asm.jumpIf(R2, 'lt', BEST, next);
  asm.label(end);
}

/** R0 = all ones, too, unless the rule of the entry with the meta R2 is behind the bound. Overwrites R3 and R4. */
export function emitOnlyBehind(asm: Assembler, [base, offset]: readonly [Register, number]): void {
  asm.load('u64', R4, base, offset);
  asm.mov(R3, R2);
  asm.rsh(R3, metaBits.rule.shift);
  asm.sub(R3, R4);
  asm.sub(R3, 1);
  asm.arsh(R3, 63);
  asm.or(R0, R3);
}

/** What a scan in rounds has on the stack of its caller: bytes from its first. */
export const scan = { packet: 0, index: 8, best: 16, bound: 24, done: 32, size: 40 } as const;

const scansName = (name: string, tree: number): string => `${name}_scans_${tree}`;
const scanName = (name: string, tree: number): string => `${name}_scan_${tree}`;

/** As `emitScan`, for leaves of any length; R5 is at the last entry then. The caller has written the bound; `frame` is where its block begins. */
export function emitLongScan(asm: Assembler, name: string, tree: number, frame: number): void {
  asm.store('u64', R10, frame + scan.packet, PACKET);
  asm.store('u64', R10, frame + scan.index, R5);
  asm.store('u64', R10, frame + scan.best, BEST);
  asm.store('u64', R10, frame + scan.done, 0);
  asm.mov(R3, R10);
  asm.add(R3, frame);
  emitForEachRound(asm, scansName(name, tree));
  asm.load('u64', BEST, R10, frame + scan.best);
  asm.load('u64', R5, R10, frame + scan.index);
}

/** The functions that `emitLongScan` calls back. */
export function scanFunctions(table: ClassifierTable, name: string): readonly BpfFunction[] {
  return table.classifier.trees.flatMap((tree, index) =>
    isLong(table.classifier, tree)
      ? [repeated(scansName(name, index), scanName(name, index), scan.done), scanFunction(table, name, index, tree)]
      : [],
  );
}

/** (map, key, value, scan): goes on through the leaf. Returns 1 when it has come to an end. */
function scanFunction(table: ClassifierTable, name: string, index: number, tree: PlacedTree): BpfFunction {
  const asm = createAssembler(scanName(name, index));
  const FRAME = R6;
  asm.mov(FRAME, R4);
  asm.load('u64', PACKET, FRAME, scan.packet);
  asm.load('u64', R5, FRAME, scan.index);
  asm.load('u64', BEST, FRAME, scan.best);
  asm.loadMapValue(TABLE, table.map, 0);
  asm.mov(R1, R5);
  emitEntryPointer(asm, table);
  asm.load('u64', R2, R1, 0);
  emitScan(asm, table, tree, { countdown: -8, pause: 'pause', bound: [FRAME, scan.bound] });
  asm.store('u64', FRAME, scan.index, R5);
  asm.store('u64', FRAME, scan.best, BEST);
  asm.store('u64', FRAME, scan.done, 1);
  asm.mov(R0, 1);
  asm.exit();
  asm.label('pause');
  asm.store('u64', FRAME, scan.index, R5);
  asm.mov(R0, 0);
  asm.exit();
  return asm.finish();
}
