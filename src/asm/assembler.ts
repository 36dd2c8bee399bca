import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { ErrorCode } from '../diagnostics/registry.ts';
import type { BpfFunction, Instruction } from './instruction.ts';
import { resolveJumps, slotsOf } from './jumps.ts';
import * as op from './opcodes.ts';
import { createOperandEncoder } from './operands.ts';
import type { Register } from './registers.ts';

/**
 * Arithmetic on 64 bits, and with `32` on the low 32 bits, which sets the high ones to zero. Division and comparison
 * are unsigned; `arsh` shifts the sign in. A number is 32 bits in the instruction: 64-bit forms extend its sign, so
 * they take -2^31 to 2^31 - 1 (load others with `loadImm64`); 32-bit forms take up to 2^32 - 1.
 */
type Arithmetic = {
  readonly [Name in op.AluOperation | `${op.AluOperation}32`]: (dst: Register, src: Register | number) => void;
};

/**
 * Writes one function. Every method appends an instruction; nothing is refused before `finish`, which reports all
 * that was wrong at once, so that emitting code stays free of checks.
 */
export interface Assembler extends Arithmetic {
  readonly name: string;
  /** Slots so far, as the kernel's limits count: a 64-bit load is two. */
  readonly instructionCount: number;
  /** Conditional jumps so far: what the verifier's effort grows with. */
  readonly conditionalJumpCount: number;

  neg(dst: Register): void;
  neg32(dst: Register): void;
  /** Between host and network byte order, either way; what is above `bits` becomes zero. */
  toBigEndian(dst: Register, bits: 16 | 32 | 64): void;

  /** `dst = *(size *)(base + offset)`, zero-extended. */
  load(size: op.MemorySize, dst: Register, base: Register, offset: number): void;
  /** `*(size *)(base + offset) = src`; a number for u64 is sign-extended from 32 bits. */
  store(size: op.MemorySize, base: Register, offset: number, src: Register | number): void;
  /** `*(size *)(base + offset) += src`, atomically. */
  atomicAdd(size: 'u32' | 'u64', base: Register, offset: number, src: Register): void;
  /** Any atomic operation; those that fetch leave the old value in `src`, `compareExchange` in R0. */
  atomic(operation: op.AtomicOperation, size: 'u32' | 'u64', base: Register, offset: number, src: Register): void;
  loadImm64(dst: Register, value: bigint): void;
  /** The map itself, as kernel functions take it. */
  loadMap(dst: Register, map: string): void;
  /** The address of the byte at `offset` in the value of entry 0 of an array map. */
  loadMapValue(dst: Register, map: string, offset: number): void;

  /** The address of a function that the linker finds by name, for a kernel function that calls back. */
  loadFunction(dst: Register, name: string): void;

  /** Names the place of the next instruction. Labels belong to their function. */
  label(name: string): void;
  /** A label name not given out before, not yet placed. */
  uniqueLabel(prefix: string): string;
  jump(label: string): void;
  /** Jumps when `dst condition src` holds for all 64 bits; the range of a number is that of arithmetic. */
  jumpIf(dst: Register, condition: op.JumpCondition, src: Register | number, label: string): void;
  /** Jumps when it holds for the low 32 bits. */
  jumpIf32(dst: Register, condition: op.JumpCondition, src: Register | number, label: string): void;
  /** Calls the kernel function of that number (`kernelFunctions`); `name` is said in dumps for one not listed there. */
  call(kernelFunction: number, name?: string): void;
  /** Calls a function that the linker finds by name. */
  callFunction(name: string): void;
  exit(): void;

  /** Said of the next instruction in dumps. */
  comment(text: string): void;
  /** The rule that the instructions from here on are emitted for; undefined: none. */
  forRule(index: number | undefined): void;
  /**
   * The function. Throws a SluiceError with a problem for each number out of range, unknown or duplicate label,
   * bad register and jump too far.
   */
  finish(): BpfFunction;
}

/** An assembler for the function of that name. */
export function createAssembler(name: string): Assembler {
  const instructions: Instruction[] = [];
  const problems: Problem[] = [];
  let slots = 0;
  let conditionalJumps = 0;
  let uniqueLabels = 0;
  let labels: string[] = [];
  let comment: string | undefined;
  let rule: number | undefined;

  const report = (code: ErrorCode, message: string): void => {
    problems.push({ code, message: `${name}, instruction ${slots}${comment ? ` (${comment})` : ''}: ${message}` });
  };
  const operands = createOperandEncoder(report);

  function emit(fields: Pick<Instruction, 'opcode'> & Partial<Instruction>): void {
    const instruction: Instruction = {
      dst: 0,
      src: 0,
      offset: 0,
      imm: 0,
      ...fields,
      ...(labels.length > 0 && { labels }),
      ...(comment !== undefined && { comment }),
      ...(rule !== undefined && { rule }),
    };
    instructions.push(instruction);
    slots += slotsOf(instruction);
    if (op.isConditionalJump(instruction.opcode)) conditionalJumps++;
    labels = [];
    comment = undefined;
  }

  function arithmetic(operation: op.AluOperation, bits: 32 | 64): Arithmetic[op.AluOperation] {
    return (dst, src) => {
      if (typeof src === 'number') operands.checkConstant(operation, src, bits);
      const { source, ...fields } = operands.registerOrNumber(src, bits);
      const opcode = aluClass(bits) | op.aluOperations[operation] | source;
      emit({ opcode, dst: operands.destination(dst), ...fields });
    };
  }

  function conditionalJump(bits: 32 | 64): Assembler['jumpIf'] {
    const kind = bits === 64 ? op.instructionClass.JMP : op.instructionClass.JMP32;
    return (dst, condition, src, target) => {
      const { source, ...fields } = operands.registerOrNumber(src, bits);
      emit({ opcode: kind | op.jumpConditions[condition] | source, dst: operands.register(dst), ...fields, target });
    };
  }

  const atomic: Assembler['atomic'] = (operation, size, base, offset, src) => {
    const opcode = op.instructionClass.STX | op.memoryMode.ATOMIC | op.memorySizes[size];
    const fields = { dst: operands.register(base), src: operands.register(src), offset: operands.memoryOffset(offset) };
    emit({ opcode, ...fields, imm: op.atomicOperations[operation] });
  };

  return {
    name,
    ...arithmeticMethods(arithmetic),
    get instructionCount() {
      return slots;
    },
    get conditionalJumpCount() {
      return conditionalJumps;
    },
    neg: (dst) => emit({ opcode: aluClass(64) | op.NEGATE, dst: operands.destination(dst) }),
    neg32: (dst) => emit({ opcode: aluClass(32) | op.NEGATE, dst: operands.destination(dst) }),
    toBigEndian: (dst, bits) =>
      emit({ opcode: aluClass(32) | op.END | op.operandSource.REGISTER, dst: operands.destination(dst), imm: bits }),

    load(size, dst, base, offset) {
      const opcode = op.instructionClass.LDX | op.memoryMode.MEMORY | op.memorySizes[size];
      const src = operands.register(base);
      emit({ opcode, dst: operands.destination(dst), src, offset: operands.memoryOffset(offset) });
    },
    store(size, base, offset, src) {
      const mode = op.memoryMode.MEMORY | op.memorySizes[size];
      const fields = { dst: operands.register(base), offset: operands.memoryOffset(offset) };
      if (typeof src === 'number') {
        emit({ opcode: op.instructionClass.ST | mode, ...fields, imm: operands.immediate(src, sizeInBits[size]) });
      } else {
        emit({ opcode: op.instructionClass.STX | mode, ...fields, src: operands.register(src) });
      }
    },
    atomic,
    atomicAdd: (size, base, offset, src) => atomic('add', size, base, offset, src),
    loadImm64(dst, value) {
      if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) {
        report('asm/out-of-range', `${value} does not fit in 64 bits`);
      }
      const imm = Number(BigInt.asIntN(32, value));
      emit({ opcode: op.LOAD_IMM64, dst: operands.destination(dst), imm, imm64: BigInt.asUintN(64, value) });
    },
    loadMap(dst, map) {
      const reference = { name: map, kind: 'fd', offset: 0 } as const;
      emit({ opcode: op.LOAD_IMM64, dst: operands.destination(dst), src: op.loadSource.MAP_FD, map: reference });
    },
    loadMapValue(dst, map, offset) {
      const reference = { name: map, kind: 'value', offset: operands.immediate(offset, 32) } as const;
      emit({ opcode: op.LOAD_IMM64, dst: operands.destination(dst), src: op.loadSource.MAP_VALUE, map: reference });
    },
    loadFunction: (dst, callee) =>
      emit({
        opcode: op.LOAD_IMM64,
        dst: operands.destination(dst),
        src: op.loadSource.FUNCTION,
        imm: -1,
        imm64: 0n,
        call: callee,
      }),

    label: (label) => labels.push(label),
    uniqueLabel: (prefix) => `${prefix}.${uniqueLabels++}`,
    jump: (target) => emit({ opcode: op.instructionClass.JMP | op.JUMP_ALWAYS, target }),
    jumpIf: conditionalJump(64),
    jumpIf32: conditionalJump(32),
    call(kernelFunction, callee) {
      if (callee !== undefined) comment ??= callee;
      emit({ opcode: op.CALL_INSTRUCTION, imm: operands.immediate(kernelFunction, 64) });
    },
    callFunction: (callee) => emit({ opcode: op.CALL_INSTRUCTION, src: op.callSource.FUNCTION, imm: -1, call: callee }),
    exit: () => emit({ opcode: op.EXIT_INSTRUCTION }),

    comment(text) {
      comment = text;
    },
    forRule(index) {
      rule = index;
    },
    finish() {
      for (const label of labels) report('asm/unknown-label', `no instruction follows the label "${label}"`);
      resolveJumps({ name, instructions }, problems);
      if (problems.length > 0) throw new SluiceError(problems);
      return { name, instructions };
    },
  };
}

const sizeInBits = { u8: 8, u16: 16, u32: 32, u64: 64 } as const;

const aluClass = (bits: 32 | 64): number => (bits === 64 ? op.instructionClass.ALU64 : op.instructionClass.ALU);

/** The methods for every operation in both widths, `add` to `arsh32`. */
function arithmeticMethods(
  method: (operation: op.AluOperation, bits: 32 | 64) => Arithmetic[op.AluOperation],
): Arithmetic {
  const operations = Object.keys(op.aluOperations) as op.AluOperation[];
  return Object.fromEntries(
    operations.flatMap((operation) => [
      [operation, method(operation, 64)],
      [`${operation}32`, method(operation, 32)],
    ]),
  ) as Arithmetic;
}
