import { type Assembler, R0, R1, R2, R3, R4, R5, R8, R9, R10, type Register } from '../../asm/index.ts';
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
 */
export function emitClassify(asm: Assembler, table: ClassifierTable): void {
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
  emitRest(asm, table);
}

function emitWalk(asm: Assembler, table: ClassifierTable, first: number, trees: readonly PlacedTree[]): void {
  const steps = Math.max(0, ...trees.map(({ depth }) => depth));
  for (let step = 0; step < steps; step++) {
    trees.forEach(({ root, depth, fields }, i) => {
      const word = SIDE_BY_SIDE[i] as Register;
      if (step >= depth || 'entries' in root) return;
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
    asm.store('u64', R10, leafSlot(first + i), 'entries' in root ? root.entries : (SIDE_BY_SIDE[i] as Register));
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

/** BEST = the smaller of BEST and R2, where R0 does not forbid it. R5: the metas so far, and-ed. */
function emitKeepBest(asm: Assembler, first: boolean): void {
  if (first) asm.mov(R5, R2);
  else asm.and(R5, R2);
  asm.rsh(R0, 1);
  asm.or(R2, R0);
  if (first) {
    asm.mov(BEST, R2);
    return;
  }
  asm.sub(R2, BEST);
  asm.mov(R3, R2);
  asm.arsh(R3, 63);
  asm.and(R2, R3);
  asm.add(BEST, R2);
}

/** The entries behind the first of each leaf, where some leaf has any. */
function emitRest(asm: Assembler, table: ClassifierTable): void {
  const { trees } = table.classifier;
  if (trees.every(({ longestLeaf }) => longestLeaf < 2)) return;
  const done = asm.uniqueLabel('classified');
  asm.jumpIf32(R5, 'set', metaBits.last, done);
  trees.forEach((tree, index) => {
    if (tree.longestLeaf < 2) return;
    asm.comment(`tree ${index}: the rest of its leaf`);
    asm.load('u64', R5, R10, leafSlot(index));
    asm.mov(R1, R5);
    emitEntryPointer(asm, table);
    asm.load('u64', R2, R1, 0);
    emitScan(asm, table, tree, COUNTDOWN);
  });
  asm.label(done);
}

/**
 * Goes through the leaf behind the entry at index R5, whose meta is in R2, for one better than BEST.
 * @param countdown a slot on the stack
 * @param refuse emits a jump to its label where an entry that the packet is in, with meta R2, does not count
 */
export function emitScan(
  asm: Assembler,
  table: ClassifierTable,
  { layout, longestLeaf }: PlacedTree,
  countdown: number,
  refuse?: (label: string) => void,
): void {
  const [next, end] = [asm.uniqueLabel('entry'), asm.uniqueLabel('leaf-end')];
  asm.store('u64', R10, countdown, longestLeaf);
  asm.label(next);
  asm.jumpIf32(R2, 'set', metaBits.last, end);
  // For the verifier: no leaf is longer.
  asm.load('u64', R0, R10, countdown);
  asm.sub(R0, 1);
  asm.store('u64', R10, countdown, R0);
  asm.jumpIf(R0, 'eq', 0, end);
  asm.add(R5, layout.stride / WORD_BYTES);
  asm.mov(R1, R5);
  emitEntryPointer(asm, table);
  emitCompare(asm, layout);
  // Entries are in the order of their rules.
  asm.jumpIf(R2, 'ge', BEST, end);
  asm.jumpIf(R0, 'ne', 0, next);
  refuse?.(next);
  asm.mov(BEST, R2);
  asm.label(end);
}
