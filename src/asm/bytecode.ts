import { SluiceError } from '../diagnostics/problem.ts';
import type { Instruction } from './instruction.ts';
import { countSlots, slotsOf } from './jumps.ts';
import { LOAD_IMM64, loadSource } from './opcodes.ts';

/** Bytes of a slot, the kernel's `struct bpf_insn`. */
export const SLOT_SIZE = 8;

/**
 * The instructions as the kernel takes them on a little-endian host. Names are not looked at: jumps and calls are
 * written with the offset and immediate that they have, maps with descriptor 0.
 */
export function encode(instructions: readonly Instruction[]): Uint8Array {
  const code = new Uint8Array(countSlots(instructions) * SLOT_SIZE);
  const view = new DataView(code.buffer);
  let position = 0;
  for (const instruction of instructions) {
    const { opcode, dst, src, offset } = instruction;
    view.setUint8(position, opcode);
    view.setUint8(position + 1, (src << 4) | dst);
    view.setInt16(position + 2, offset, true);
    view.setInt32(position + 4, instruction.imm, true);
    if (opcode === LOAD_IMM64) view.setInt32(position + 12, highHalf(instruction), true);
    position += slotsOf(instruction) * SLOT_SIZE;
  }
  return code;
}

/** What stands in the second slot of a LOAD_IMM64. */
function highHalf({ map, imm64, imm, src }: Instruction): number {
  if (map !== undefined) return map.offset;
  if (imm64 !== undefined) return Number(BigInt.asIntN(32, imm64 >> 32n));
  return src === loadSource.NUMBER && imm < 0 ? -1 : 0;
}

/**
 * The instructions that the bytes hold, with numbers only. Throws a SluiceError where bytes are missing; that the
 * kernel knows an opcode is not checked.
 */
export function decode(code: Uint8Array): Instruction[] {
  if (code.length % SLOT_SIZE !== 0) throw badBytecode(`${code.length} bytes are not a whole number of instructions`);
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const instructions: Instruction[] = [];
  for (let position = 0; position < code.length; ) {
    const opcode = view.getUint8(position);
    const registers = view.getUint8(position + 1);
    const imm = view.getInt32(position + 4, true);
    const fields = {
      opcode,
      dst: registers & 0x0f,
      src: registers >> 4,
      offset: view.getInt16(position + 2, true),
      imm,
    };
    if (opcode === LOAD_IMM64 && position + 2 * SLOT_SIZE > code.length) {
      throw badBytecode(`the 64-bit load at instruction ${position / SLOT_SIZE} lacks its second half`);
    }
    const instruction =
      opcode === LOAD_IMM64 ? { ...fields, imm64: wide(imm, view.getUint32(position + 12, true)) } : fields;
    instructions.push(instruction);
    position += slotsOf(instruction) * SLOT_SIZE;
  }
  return instructions;
}

const wide = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low >>> 0);

const badBytecode = (message: string): SluiceError => new SluiceError({ code: 'asm/bad-bytecode', message });
