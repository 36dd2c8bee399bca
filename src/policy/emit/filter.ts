import { type Assembler, type MemorySize, R0, R1, R2, R8, R9, R10 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { CbpfInstruction } from '../cbpf.ts';
import type { FilterMatch } from '../checked.ts';
import { type Emitter, loadField } from './emitter.ts';
import { emitLoadBytes } from './load-bytes.ts';

/** Classic BPF, as Linux `include/uapi/linux/bpf_common.h` numbers it. */
const classes = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const;
const modes = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const;
const widths: Readonly<Record<number, MemorySize>> = { 0: 'u32', 8: 'u16', 16: 'u8' };

const A = R8;
const X = R9;
/** Memory slot k, of 16, below the frame pointer. */
const slot = (k: number): number => -4 * ((k & 15) + 1);

/** Jumps to `no` unless the classic program, written here instruction by instruction, returns a number above 0. */
export function emitFilter(e: Emitter, { expression, program }: FilterMatch, no: string): void {
  const { asm } = e;
  const yes = asm.uniqueLabel('filter-true');
  const base = asm.uniqueLabel('filter');
  const labelOf = (index: number): string => `${base}.${index}`;
  const targets = new Set(program.flatMap(({ code, jt, jf, k }, i) => jumpTargets(code, jt, jf, k, i)));

  asm.comment(`filter: ${expression}`);
  asm.mov32(A, 0);
  asm.mov32(X, 0);
  for (const k of memoryUsed(program)) asm.store('u32', R10, slot(k), 0);
  program.forEach((instruction, index) => {
    if (targets.has(index)) asm.label(labelOf(index));
    emitInstruction(e, instruction, index, labelOf, yes, no);
  });
  asm.label(yes);
}

function jumpTargets(code: number, jt: number, jf: number, k: number, index: number): number[] {
  if ((code & 7) !== classes.JMP) return [];
  return (code & 0xf0) === 0 ? [index + 1 + k] : [index + 1 + jt, index + 1 + jf];
}

const memoryUsed = (program: readonly CbpfInstruction[]): Set<number> =>
  new Set(
    program.filter(({ code }) => (code & 7) <= classes.LDX && (code & 0xe0) === modes.MEM).map(({ k }) => k & 15),
  );

function emitInstruction(
  e: Emitter,
  { code, jt, jf, k }: CbpfInstruction,
  index: number,
  labelOf: (index: number) => string,
  yes: string,
  no: string,
): void {
  const { asm } = e;
  switch (code & 7) {
    case classes.LD:
      emitLoad(e, code, k, no);
      break;
    case classes.LDX:
      emitLoadIndex(e, code, k, no);
      break;
    case classes.ST:
      asm.store('u32', R10, slot(k), A);
      break;
    case classes.STX:
      asm.store('u32', R10, slot(k), X);
      break;
    case classes.ALU:
      emitArithmetic(asm, code, k, no);
      break;
    case classes.JMP:
      emitJump(asm, code, k, labelOf(index + 1 + jt), labelOf(index + 1 + jf), labelOf(index + 1 + k));
      break;
    case classes.RET:
      if ((code & 0x18) === 0x10) asm.jumpIf32(A, 'eq', 0, no);
      asm.jump((code & 0x18) === 0x10 || k !== 0 ? yes : no);
      break;
    default: // MISC: tax, txa
      if ((code & 0xf8) === 0) asm.mov32(X, A);
      else asm.mov32(A, X);
  }
}

function emitLoad(e: Emitter, code: number, k: number, no: string): void {
  const { asm } = e;
  const size = widths[code & 0x18] as MemorySize;
  switch (code & 0xe0) {
    case modes.IMM:
      asm.mov32(A, k);
      break;
    case modes.ABS:
      asm.mov32(R2, k);
      emitLoadBytes(e, A, size, no);
      break;
    case modes.IND:
      asm.mov32(R2, X);
      // On 64 bits: what passes 2^32 lies behind every frame, as in the kernel's own classic interpreter.
      asm.loadImm64(R1, BigInt(k));
      asm.add(R2, R1);
      emitLoadBytes(e, A, size, no);
      break;
    case modes.LEN:
      loadField(asm, A, packetFields.frameLength);
      break;
    default:
      asm.load('u32', A, R10, slot(k));
  }
}

function emitLoadIndex(e: Emitter, code: number, k: number, no: string): void {
  const { asm } = e;
  switch (code & 0xe0) {
    case modes.IMM:
      asm.mov32(X, k);
      break;
    case modes.LEN:
      loadField(asm, X, packetFields.frameLength);
      break;
    case modes.MSH:
      asm.mov32(R2, k);
      emitLoadBytes(e, X, 'u8', no);
      asm.and32(X, 0xf);
      asm.lsh32(X, 2);
      break;
    default:
      asm.load('u32', X, R10, slot(k));
  }
}

const arithmetic: Readonly<
  Record<number, 'add32' | 'sub32' | 'mul32' | 'div32' | 'or32' | 'and32' | 'mod32' | 'xor32'>
> = {
  0: 'add32',
  16: 'sub32',
  32: 'mul32',
  48: 'div32',
  64: 'or32',
  80: 'and32',
  144: 'mod32',
  160: 'xor32',
};

function emitArithmetic(asm: Assembler, code: number, k: number, no: string): void {
  const operation = code & 0xf0;
  const byX = (code & 0x08) !== 0;
  if (operation === 0x80) {
    asm.neg32(A);
    return;
  }
  if (operation === 0x60 || operation === 0x70) {
    // Classic shifts by 32 and more give 0; eBPF would take the low five bits of the amount.
    const zero = asm.uniqueLabel('shifted-out');
    asm.mov32(R0, byX ? X : k);
    asm.mov32(R1, A);
    asm.mov32(A, 0);
    asm.jumpIf32(R0, 'gt', 31, zero);
    asm.mov32(A, R1);
    if (operation === 0x60) asm.lsh32(A, R0);
    else asm.rsh32(A, R0);
    asm.label(zero);
    return;
  }
  if ((operation === 0x30 || operation === 0x90) && byX) asm.jumpIf32(X, 'eq', 0, no);
  const method = arithmetic[operation];
  if (method !== undefined) asm[method](A, byX ? X : k);
}

const conditions: Readonly<Record<number, 'eq' | 'gt' | 'ge' | 'set'>> = { 16: 'eq', 32: 'gt', 48: 'ge', 64: 'set' };

function emitJump(asm: Assembler, code: number, k: number, isTrue: string, isFalse: string, always: string): void {
  const condition = conditions[code & 0xf0];
  if (condition === undefined) {
    asm.jump(always);
    return;
  }
  asm.jumpIf32(A, condition, (code & 0x08) !== 0 ? X : k, isTrue);
  asm.jump(isFalse);
}
