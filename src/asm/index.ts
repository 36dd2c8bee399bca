/** eBPF instructions: an assembler with labels and comments, a linker, and a disassembler. Needs no kernel. */
export { type Assembler, createAssembler } from './assembler.ts';
export { decode, encode, SLOT_SIZE } from './bytecode.ts';
export { disassemble } from './disassemble.ts';
export { formatInstruction } from './format.ts';
export { canBeInlined, inlineCalls } from './inline.ts';
export type { BpfFunction, Instruction } from './instruction.ts';
export { countConditionalJumps, countSlots, slotsOf } from './jumps.ts';
export { type KernelFunctionName, kernelFunctionName, kernelFunctions } from './kernel-functions.ts';
export { type LinkedFunction, type LinkedProgram, link, type MapReference, patchMaps } from './link.ts';
export type { AluOperation, AtomicOperation, JumpCondition, MemorySize } from './opcodes.ts';
export { withoutUnreachable } from './reachable.ts';
export { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, type Register } from './registers.ts';
