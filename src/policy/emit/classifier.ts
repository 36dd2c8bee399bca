import { type Assembler, R0, R1, R2, R3, R4, R5, R10, type Register } from '../../asm/index.ts';
import type { PlacedTree } from '../classifier/classifier.ts';
import { metaBits } from '../classifier/entry.ts';
import { WORD_BYTES, wordBits } from '../classifier/image.ts';
import { PACKET } from './emitter.ts';
import { BEST, type ClassifierTable, emitCompare, emitEntryPointer, emitSmaller, TABLE } from './entry.ts';
import { emitLongScan, emitScan, isLong, scan } from './scan.ts';

/** Trees walked side by side: as many as there are registers for their words. */
const SIDE_BY_SIDE: readonly Register[] = [R2, R3, R4, R5];

/** Where a tree's leaf is kept, bytes from the frame pointer; there is room for eight. */
export const leafSlot = (tree: number): number => -8 * (tree + 1);
const COUNTDOWN = leafSlot(8);
/** In the function that classifies, where the rounds of src/policy/emit/trees.ts put their state afterwards. */
const MAIN_SCAN = leafSlot(9 + scan.size / 8 - 1);

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
