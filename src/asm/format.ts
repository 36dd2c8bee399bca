import type { Instruction } from './instruction.ts';
import { kernelFunctionName } from './kernel-functions.ts';
import * as op from './opcodes.ts';

/** How an operation or condition is written, with the name that it has in opcodes.ts. */
const aluSymbols: Readonly<Record<op.AluOperation, string>> = {
  add: '+=',
  sub: '-=',
  mul: '*=',
  div: '/=',
  or: '|=',
  and: '&=',
  lsh: '<<=',
  rsh: '>>=',
  mod: '%=',
  xor: '^=',
  mov: '=',
  arsh: 's>>=',
};

const conditionSymbols: Readonly<Record<op.JumpCondition, string>> = {
  eq: '==',
  gt: '>',
  ge: '>=',
  set: '&',
  ne: '!=',
  sgt: 's>',
  sge: 's>=',
  lt: '<',
  le: '<=',
  slt: 's<',
  sle: 's<=',
};

const atomicSymbols: Readonly<Partial<Record<op.AtomicOperation, string>>> = {
  add: '+=',
  or: '|=',
  and: '&=',
  xor: '^=',
};

/** The instruction in the syntax of LLVM's assembler, with names instead of numbers where there are any. */
export function formatInstruction(instruction: Instruction): string {
  return formatters[op.classOf(instruction.opcode)]?.(instruction) ?? unknown(instruction);
}

type Formatter = (instruction: Instruction) => string | undefined;

const formatters: Readonly<Record<number, Formatter>> = {
  [op.instructionClass.LD]: formatWideLoad,
  [op.instructionClass.LDX]: formatLoad,
  [op.instructionClass.ST]: formatStore,
  [op.instructionClass.STX]: formatStore,
  [op.instructionClass.ALU]: formatArithmetic,
  [op.instructionClass.ALU64]: formatArithmetic,
  [op.instructionClass.JMP]: formatJump,
  [op.instructionClass.JMP32]: formatJump,
};

function formatWideLoad({ opcode, dst, src, imm, imm64, map, call }: Instruction): string | undefined {
  if (opcode !== op.LOAD_IMM64) return undefined;
  const target = `r${dst} = `;
  if (map !== undefined)
    return target + (map.kind === 'fd' ? `map[${map.name}]` : `map[${map.name}][0]${plus(map.offset)}`);
  if (call !== undefined) return `${target}subprog[${call}]`;
  const offset = Number(BigInt.asIntN(32, (imm64 ?? 0n) >> 32n));
  if (src === op.loadSource.MAP_FD) return `${target}map[fd:${imm}]`;
  if (src === op.loadSource.MAP_VALUE) return `${target}map[fd:${imm}][0]${plus(offset)}`;
  if (src === op.loadSource.FUNCTION) return `${target}subprog[${signed(imm)}]`;
  if (src !== op.loadSource.NUMBER) return undefined;
  return `${target}0x${BigInt.asUintN(64, imm64 ?? BigInt(imm)).toString(16)} ll`;
}

function formatLoad({ opcode, dst, src, offset }: Instruction): string | undefined {
  const mode = opcode & 0xe0;
  if (mode !== op.memoryMode.MEMORY && mode !== op.memoryMode.SIGNED) return undefined;
  const size = mode === op.memoryMode.SIGNED ? sizeName(opcode).replace('u', 's') : sizeName(opcode);
  return `r${dst} = *(${size} *)(r${src}${plus(offset)})`;
}

function formatStore(instruction: Instruction): string | undefined {
  const { opcode, dst, src, offset, imm } = instruction;
  const place = `*(${sizeName(opcode)} *)(r${dst}${plus(offset)})`;
  const fromRegister = op.classOf(opcode) === op.instructionClass.STX;
  if ((opcode & 0xe0) === op.memoryMode.MEMORY) return `${place} = ${fromRegister ? `r${src}` : imm}`;
  return fromRegister && (opcode & 0xe0) === op.memoryMode.ATOMIC ? formatAtomic(instruction, place) : undefined;
}

function formatAtomic({ opcode, dst, src, offset, imm }: Instruction, place: string): string | undefined {
  const operation = nameOf(op.atomicOperations, imm);
  const wide = (opcode & 0x18) === op.memorySizes.u64;
  const register = wide ? 'r' : 'w';
  const value = `${register}${src}`;
  const address = `r${dst}${plus(offset)}`;
  switch (operation) {
    case undefined:
      return undefined;
    case 'exchange':
      return `${value} = ${wide ? 'xchg_64' : 'xchg32_32'}(${address}, ${value})`;
    case 'compareExchange':
      return `${register}0 = ${wide ? 'cmpxchg_64' : 'cmpxchg32_32'}(${address}, ${register}0, ${value})`;
    default: {
      const symbol = atomicSymbols[operation];
      if (symbol !== undefined) return `lock ${place} ${symbol} ${value}`;
      const fetched = operation.slice('fetch'.length).toLowerCase();
      return `${value} = atomic_fetch_${fetched}((${sizeName(opcode)} *)(${address}), ${value})`;
    }
  }
}

function formatArithmetic({ opcode, dst, src, offset, imm }: Instruction): string | undefined {
  const wide = op.classOf(opcode) === op.instructionClass.ALU64;
  const register = wide ? 'r' : 'w';
  const fromRegister = (opcode & op.operandSource.REGISTER) !== 0;
  const target = `${register}${dst}`;
  if ((opcode & 0xf0) === op.NEGATE) return `${target} = -${target}`;
  if ((opcode & 0xf0) === op.END) return `r${dst} = ${wide ? 'bswap' : fromRegister ? 'be' : 'le'}${imm} r${dst}`;

  const operation = nameOf(op.aluOperations, opcode & 0xf0);
  if (operation === undefined) return undefined;
  const bitwise = operation === 'and' || operation === 'or' || operation === 'xor';
  const operand = fromRegister ? `${register}${src}` : constant(imm, bitwise);
  // Since Linux 6.6 the offset says of some that they are signed.
  if (operation === 'mov') return `${target} = ${offset > 0 ? `(s${offset})` : ''}${operand}`;
  return `${target} ${offset === 1 ? 's' : ''}${aluSymbols[operation]} ${operand}`;
}

function formatJump(instruction: Instruction): string | undefined {
  const { opcode, dst, src, imm, offset, target } = instruction;
  if (opcode === op.EXIT_INSTRUCTION) return 'exit';
  if (opcode === op.CALL_INSTRUCTION) return formatCall(instruction);
  const narrow = op.classOf(opcode) === op.instructionClass.JMP32;
  if ((opcode & 0xf0) === op.JUMP_ALWAYS) return `goto ${target ?? `pc${signed(narrow ? imm : offset)}`}`;
  const condition = nameOf(op.jumpConditions, opcode & 0xf0);
  if (condition === undefined) return undefined;
  const register = narrow ? 'w' : 'r';
  const fromRegister = (opcode & op.operandSource.REGISTER) !== 0;
  const operand = fromRegister ? `${register}${src}` : constant(imm, condition === 'set');
  return `if ${register}${dst} ${conditionSymbols[condition]} ${operand} goto ${target ?? `pc${signed(offset)}`}`;
}

function formatCall({ src, imm, call }: Instruction): string {
  if (call !== undefined) return `call ${call}`;
  if (src === op.callSource.FUNCTION) return `call pc${signed(imm)}`;
  if (src === op.callSource.KFUNC) return `call kernel function with BTF id ${imm}`;
  return `call ${kernelFunctionName(imm) ?? `kernel function ${imm}`}`;
}

const unknown = ({ opcode, dst, src, offset, imm }: Instruction): string =>
  `unknown opcode 0x${opcode.toString(16)} (dst ${dst}, src ${src}, offset ${offset}, imm ${imm})`;

const sizeName = (opcode: number): string => nameOf(op.memorySizes, opcode & 0x18) ?? '';

function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name | undefined {
  return (Object.keys(table) as Name[]).find((name) => table[name] === value);
}

/** ` + 4` or ` - 4`, as behind a base. */
const plus = (offset: number): string => (offset < 0 ? ` - ${-offset}` : ` + ${offset}`);
const signed = (offset: number): string => (offset < 0 ? `${offset}` : `+${offset}`);
/** Masks are read more easily in hexadecimal. */
const constant = (imm: number, bitwise: boolean): string => (bitwise && imm > 9 ? `0x${imm.toString(16)}` : `${imm}`);
