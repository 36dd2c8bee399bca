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
  R8,
  R9,
  R10,
  type Register,
} from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { Classifier, PlacedTree } from '../classifier/classifier.ts';
import { type EntryLayout, metaBits } from '../classifier/entry.ts';
import { WORD_BYTES, wordBits } from '../classifier/image.ts';
import { addressFields, loadField, PACKET } from './emitter.ts';

/** A classifier in the one value of an array map. */
export interface ClassifierTable {
  readonly map: string;
  readonly classifier: Classifier;
  /** Words that the code may reach in the map's value, a power of two. Behind them is room for an entry. */
  readonly capacity: number;
}

/** Keeps the address of the map's value. */
export const TABLE = R8;
/** The meta of the best entry so far. */
export const BEST = R9;

/** Trees walked side by side: as many as there are registers for their words. */
const SIDE_BY_SIDE: readonly Register[] = [R2, R3, R4, R5];

/** Where a tree's leaf is kept, bytes from the frame pointer; there is room for eight. */
export const leafSlot = (tree: number): number => -8 * (tree + 1);
const COUNTDOWN = leafSlot(8);

/**
 * Leaves in BEST the meta of the first rule that has the packet in a box, NO_META where none has. There is no branch
 * before all trees are walked and the first entry of each leaf is compared, so that the processor waits for the memory
 * of all of them at once. Overwrites R0 to R5, R8 and R9; leaves stay in their slots.
 * @param name begins the names of `scanFunctions`
 */
export function emitClassify(asm: Assembler, table: ClassifierTable, name: string): void {
  const { trees } = table.classifier;
  asm.comment(`${table.map}: ${trees.length} trees, ${table.capacity} words`);
  asm.loadMapValue(TABLE, table.map, 0);
  for (let first = 0; first < trees.length; first += SIDE_BY_SIDE.length) {
    emitWalk(asm, table, first, trees.slice(first, first + SIDE_BY_SIDE.length));
  }
  trees.forEach((tree, index) => {
    asm.comment(`tree ${index}: leaf`);
    asm.load('u64', R1, R10, leafSlot(index));
    emitEntryPointer(asm, table);
    emitCompare(asm, tree.layout);
    emitKeepBest(asm, index === 0);
  });
  emitRest(asm, table, name);
}

function emitWalk(asm: Assembler, table: ClassifierTable, first: number, trees: readonly PlacedTree[]): void {
  const steps = Math.max(0, ...trees.map(({ depth }) => depth));
  for (let step = 0; step < steps; step++) {
    trees.forEach(({ root, depth, fields }, i) => {
      const word = SIDE_BY_SIDE[i] as Register;
      if (step >= depth || 'leaf' in root) return;
      if (step === 0) {
        asm.comment(`tree ${first + i}`);
        asm.load('u32', word, PACKET, root.field * 4);
        if (root.shift > 0) asm.rsh(word, root.shift);
        asm.and(word, 2 ** root.bits - 1);
        asm.add(word, root.children);
      } else emitStep(asm, word, fields[step]);
      emitLoadWord(asm, table, word);
    });
  }
  trees.forEach(({ root }, i) => {
    const word = SIDE_BY_SIDE[i] as Register;
    // Out of memory, so that the verifier does not follow the leaf entry by entry.
    if ('leaf' in root) asm.load('u64', word, TABLE, root.leaf * WORD_BYTES);
    asm.store('u64', R10, leafSlot(first + i), word);
  });
}

/** word = the index of the next word */
function emitStep(asm: Assembler, word: Register, field: number | undefined): void {
  if (field === undefined) {
    asm.mov(R0, word);
    asm.rsh(R0, wordBits.field.shift - 2);
    asm.and(R0, wordBits.field.mask << 2);
    asm.add(R0, PACKET);
    asm.load('u32', R0, R0, 0);
  } else asm.load('u32', R0, PACKET, field * 4);
  asm.rsh(R0, word);
  asm.mov(R1, word);
  asm.rsh(R1, wordBits.mask.shift);
  asm.and(R1, wordBits.mask.mask);
  asm.and(R0, R1);
  asm.rsh(word, wordBits.index.shift);
  asm.add(word, R0);
}

/** word = words[word]; the mask is what the verifier believes, no index points outside. */
function emitLoadWord(asm: Assembler, { capacity }: ClassifierTable, word: Register): void {
  asm.and32(word, capacity - 1);
  asm.lsh(word, 3);
  asm.add(word, TABLE);
  asm.load('u64', word, word, 0);
}

/** R1 = the entry at the index R1 */
export function emitEntryPointer(asm: Assembler, { capacity }: ClassifierTable): void {
  asm.and32(R1, Math.min(capacity - 1, wordBits.entries.mask));
  asm.lsh(R1, 3);
  asm.add(R1, TABLE);
}

/** Of the entry at R1: its meta in R2, and in R0 all ones where the packet differs, else 0. Overwrites R3 and R4. */
export function emitCompare(asm: Assembler, layout: EntryLayout): void {
  let any = false;
  const join = (): void => {
    if (any) asm.or(R0, R3);
    else asm.mov(R0, R3);
    any = true;
  };
  asm.load('u64', R2, R1, 0);
  for (const { part, half, index, offset, bytes } of layout.halves) {
    const field = addressFields[part][half];
    const size = bytes === 4 ? 'u32' : 'u64';
    asm.load(size, R3, R1, offset);
    asm.comment(`packet->${field.name}`);
    asm.load(size, R4, PACKET, field.offset);
    asm.xor(R3, R4);
    asm.mov(R4, R2);
    if (index > 0) asm.rsh(R4, index * metaBits.half.bits);
    asm.rsh(R3, R4);
    if (bytes === 8) {
      asm.rsh(R4, metaBits.half.bits - 1);
      asm.and(R4, 1);
      asm.rsh(R3, R4);
    }
    join();
  }
  if (layout.bits !== undefined) {
    asm.load('u32', R3, R1, layout.bits);
    asm.comment('packet->protocol and the three bytes behind it');
    asm.load('u32', R4, PACKET, packetFields.protocol.offset);
    asm.xor(R3, R4);
    asm.load('u32', R4, R1, layout.bits + 4);
    asm.and(R3, R4);
    join();
  }
  if (!any) asm.mov(R0, 0);
  // Any difference gets the sign that a port outside its range has, too.
  asm.mov(R3, R0);
  asm.neg(R3);
  asm.or(R0, R3);
  for (const [offset, field] of [
    [layout.srcPort, packetFields.srcPort],
    [layout.dstPort, packetFields.dstPort],
  ] as const) {
    if (offset === undefined) continue;
    asm.load('u16', R3, R1, offset);
    loadField(asm, R4, field);
    asm.sub(R4, R3);
    asm.or(R0, R4);
    asm.load('u16', R3, R1, offset + 2);
    loadField(asm, R4, field);
    asm.sub(R3, R4);
    asm.or(R0, R3);
  }
  asm.arsh(R0, 63);
}

/** R5: the metas of all first entries, and-ed. */
function emitKeepBest(asm: Assembler, first: boolean): void {
  if (first) asm.mov(R5, R2);
  else asm.and(R5, R2);
  if (!first) {
    emitSmaller(asm);
    return;
  }
  asm.rsh(R0, 1);
  asm.mov(BEST, R2);
  asm.or(BEST, R0);
}

/** BEST = the smaller of BEST and R2, where R0 is not all ones. Overwrites R0 and R3. */
export function emitSmaller(asm: Assembler): void {
  asm.rsh(R0, 1);
  asm.or(R0, R2);
  asm.sub(R0, BEST);
  asm.mov(R3, R0);
  asm.arsh(R3, 63);
  asm.and(R0, R3);
  asm.add(BEST, R0);
}

/** The entries behind the first of each leaf, where some leaf has any. */
function emitRest(asm: Assembler, table: ClassifierTable, name: string): void {
  const { trees } = table.classifier;
  if (trees.every(({ longestLeaf }) => longestLeaf < 2)) return;
  const done = asm.uniqueLabel('classified');
  asm.jumpIf32(R5, 'set', metaBits.last, done);
  if (trees.some((tree) => isLong(table.classifier, tree))) asm.store('u64', R10, MAIN_SCAN + scan.bound, -1);
  trees.forEach((tree, index) => {
    if (tree.longestLeaf < 2) return;
    asm.comment(`tree ${index}: the rest of its leaf`);
    asm.load('u64', R5, R10, leafSlot(index));
    if (isLong(table.classifier, tree)) {
      emitLongScan(asm, name, index, MAIN_SCAN);
      return;
    }
    asm.mov(R1, R5);
    emitEntryPointer(asm, table);
    asm.load('u64', R2, R1, 0);
    emitScan(asm, table, tree, { countdown: COUNTDOWN });
  });
  asm.label(done);
}

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

/** In the function that classifies, where the rounds of src/policy/emit/trees.ts put their state afterwards. */
const MAIN_SCAN = leafSlot(9 + scan.size / 8 - 1);

const scansName = (name: string, tree: number): string => `${name}_scans_${tree}`;
const scanName = (name: string, tree: number): string => `${name}_scan_${tree}`;

/** As `emitScan`, for leaves of any length. The caller has written the bound; `frame` is where its block begins. */
export function emitLongScan(asm: Assembler, name: string, tree: number, frame: number): void {
  asm.store('u64', R10, frame + scan.packet, PACKET);
  asm.store('u64', R10, frame + scan.index, R5);
  asm.store('u64', R10, frame + scan.best, BEST);
  asm.store('u64', R10, frame + scan.done, 0);
  asm.mov(R3, R10);
  asm.add(R3, frame);
  emitForEachRound(asm, scansName(name, tree));
  asm.load('u64', BEST, R10, frame + scan.best);
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

/**
 * Calls the function with the pointer in R3 for each entry of the map `rounds`, until it returns 1: the kernel's loop
 * over an array (Linux 5.13), whose function the verifier follows once.
 */
export function emitForEachRound(asm: Assembler, callee: string): void {
  asm.loadMap(R1, 'rounds');
  asm.loadFunction(R2, callee);
  asm.mov(R4, 0);
  asm.call(kernelFunctions.for_each_map_elem);
}

/**
 * (map, key, value, state): calls `callee` as often as the map `rounds` has entries, so that called for each of them
 * itself it is a million times. Returns 1 when the u64 at `done` in the state says so.
 */
export function repeated(name: string, callee: string, done: number): BpfFunction {
  const asm = createAssembler(name);
  asm.mov(R6, R4);
  asm.mov(R3, R4);
  emitForEachRound(asm, callee);
  asm.load('u64', R1, R6, done);
  asm.mov(R0, 0);
  asm.jumpIf(R1, 'eq', 0, 'on');
  asm.mov(R0, 1);
  asm.label('on');
  asm.exit();
  return asm.finish();
}
