/**
 * Opcode numbers, as in Linux `include/uapi/linux/bpf.h` and `Documentation/bpf/standardization/instruction-set.rst`.
 * An opcode is a class or-ed with, for arithmetic and jumps, operation and source; for memory, size and mode.
 */
export const instructionClass = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const;

/** Where the second operand of arithmetic and jumps comes from. */
export const operandSource = { IMM: 0x00, REGISTER: 0x08 } as const;

export const aluOperations = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
} as const;
export type AluOperation = keyof typeof aluOperations;

/** Arithmetic without a second operand, and the byte swap. */
export const NEGATE = 0x80;
export const END = 0xd0;

/** Conditions of a jump; an `s` in front compares signed, `set` asks whether any common bit is set. */
export const jumpConditions = {
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
} as const;
export type JumpCondition = keyof typeof jumpConditions;

export const JUMP_ALWAYS = 0x00;
export const CALL = 0x80;
const EXIT = 0x90;

export const memorySizes = { u32: 0x00, u16: 0x08, u8: 0x10, u64: 0x18 } as const;
export type MemorySize = keyof typeof memorySizes;

export const memoryMode = {
  IMM: 0x00,
  ABSOLUTE: 0x20,
  INDIRECT: 0x40,
  MEMORY: 0x60,
  SIGNED: 0x80,
  ATOMIC: 0xc0,
} as const;

/** Immediates of atomic instructions. `fetch*`, `exchange` and `compareExchange` need Linux 5.12. */
export const atomicOperations = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  fetchAdd: 0x01,
  fetchOr: 0x41,
  fetchAnd: 0x51,
  fetchXor: 0xa1,
  exchange: 0xe1,
  compareExchange: 0xf1,
} as const;
export type AtomicOperation = keyof typeof atomicOperations;

/** The load of a 64-bit immediate: the one instruction that takes two slots. */
export const LOAD_IMM64 = instructionClass.LD | memorySizes.u64 | memoryMode.IMM;
export const CALL_INSTRUCTION = instructionClass.JMP | CALL;
export const EXIT_INSTRUCTION = instructionClass.JMP | EXIT;

/** What the `src` field of a LOAD_IMM64 says of its immediate. */
export const loadSource = { NUMBER: 0, MAP_FD: 1, MAP_VALUE: 2, BTF_ID: 3, FUNCTION: 4 } as const;

/** What the `src` field of a call says of its immediate. */
export const callSource = { HELPER: 0, FUNCTION: 1, KFUNC: 2 } as const;

export const classOf = (opcode: number): number => opcode & 0x07;

/** Whether an opcode jumps when its comparison holds; calls, exits and plain jumps do not. */
export function isConditionalJump(opcode: number): boolean {
  const kind = classOf(opcode);
  if (kind !== instructionClass.JMP && kind !== instructionClass.JMP32) return false;
  const operation = opcode & 0xf0;
  return operation !== JUMP_ALWAYS && operation !== CALL && operation !== EXIT;
}

/** Whether an opcode goes to another instruction of its function, on a condition or always. */
export function isJump(opcode: number): boolean {
  return isConditionalJump(opcode) || opcode === instructionClass.JMP || opcode === instructionClass.JMP32;
}
