import type { ErrorCode } from '../diagnostics/registry.ts';
import { type AluOperation, operandSource } from './opcodes.ts';
import type { Register } from './registers.ts';

export type ImmediateBits = 8 | 16 | 32 | 64;

/**
 * The signed 32-bit field that makes an operation of that width see `value`; undefined where none does. Narrow
 * operations take signed and unsigned numbers of their width; one of 64 bits sees the field's sign extended.
 */
function toImmediate(value: number, bits: ImmediateBits): number | undefined {
  const [lowest, highest] = immediateRange(bits);
  return Number.isInteger(value) && value >= lowest && value <= highest ? value | 0 : undefined;
}

function immediateRange(bits: ImmediateBits): readonly [lowest: number, highest: number] {
  return bits === 64 ? [-(2 ** 31), 2 ** 31 - 1] : [-(2 ** (bits - 1)), 2 ** bits - 1];
}

/** Turns operands into instruction fields. What has no encoding is reported and becomes 0. */
export function createOperandEncoder(report: (code: ErrorCode, message: string) => void) {
  function register(operand: Register): number {
    const number: unknown = operand?.number;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 10) return number;
    report('asm/bad-register', `${String(operand)} is no register`);
    return 0;
  }

  function destination(operand: Register): number {
    const number = register(operand);
    if (number === 10) report('asm/bad-register', 'r10, the frame pointer, cannot be written');
    return number;
  }

  function immediate(value: number, bits: ImmediateBits): number {
    const imm = toImmediate(value, bits);
    if (imm === undefined) {
      const [lowest, highest] = immediateRange(bits);
      report('asm/out-of-range', `${value} is not in ${lowest} to ${highest}, what ${bits}-bit operations take`);
    }
    return imm ?? 0;
  }

  function memoryOffset(offset: number): number {
    if (Number.isInteger(offset) && offset >= -0x8000 && offset <= 0x7fff) return offset;
    report('asm/out-of-range', `the offset ${offset} is not in -32768 to 32767`);
    return 0;
  }

  /** `source` is to be or-ed into an opcode of arithmetic or of a jump. */
  function registerOrNumber(operand: Register | number, bits: ImmediateBits) {
    return typeof operand === 'number'
      ? { source: operandSource.IMM, src: 0, imm: immediate(operand, bits) }
      : { source: operandSource.REGISTER, src: register(operand), imm: 0 };
  }

  /** Constants that the instruction could hold and the verifier would refuse. */
  function checkConstant(operation: AluOperation, value: number, bits: 32 | 64): void {
    const shifts = operation === 'lsh' || operation === 'rsh' || operation === 'arsh';
    if (shifts && (value < 0 || value >= bits)) report('asm/out-of-range', `a shift of ${bits} bits by ${value}`);
    if ((operation === 'div' || operation === 'mod') && value === 0) report('asm/out-of-range', 'a division by zero');
  }

  return { register, destination, immediate, memoryOffset, registerOrNumber, checkConstant };
}
