import { type MemorySize, R1, R2, R3, R10, type Register } from '../../asm/index.ts';
import type { OperandTable } from '../operands.ts';
import type { Emitter } from './emitter.ts';

const WORD_BYTES = 8;

/** Keeps the address of the row of the rule whose index is in R1, which it overwrites, and R2. */
export function emitRow({ asm, operands }: Emitter, { map, firstRule, rows, width }: OperandTable): void {
  asm.comment(`the rule's row in ${map}`);
  asm.sub(R1, firstRule);
  asm.and32(R1, rows - 1);
  asm.mul(R1, width * WORD_BYTES);
  asm.loadMapValue(R2, map, 0);
  asm.add(R2, R1);
  asm.store('u64', R10, operands as number, R2);
}

/** `into` = the word of the row, or the half of it that begins at `offset` bytes. */
export function loadOperand(
  { asm, operands }: Emitter,
  size: MemorySize,
  into: Register,
  word: number,
  offset = 0,
): void {
  asm.load('u64', into, R10, operands as number);
  asm.load(size, into, into, word * WORD_BYTES + offset);
}

/** Jumps to `no` unless the number in `value` is from the low half of the word to its high half. Overwrites R3. */
export function emitBetween(e: Emitter, value: Register, word: number, no: string): void {
  loadOperand(e, 'u32', R3, word);
  e.asm.jumpIf32(value, 'lt', R3, no);
  loadOperand(e, 'u32', R3, word, 4);
  e.asm.jumpIf32(value, 'gt', R3, no);
}
