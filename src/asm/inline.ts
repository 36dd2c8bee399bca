import type { BpfFunction, Instruction } from './instruction.ts';
import { kernelFunctions } from './kernel-functions.ts';
import {
  aluOperations,
  CALL_INSTRUCTION,
  callSource,
  EXIT_INSTRUCTION,
  instructionClass,
  JUMP_ALWAYS,
  operandSource,
} from './opcodes.ts';

const FRAME_POINTER = 10;
const { ALU64, JMP, LDX, ST, STX } = instructionClass;
const MOVE = ALU64 | aluOperations.mov | operandSource.REGISTER;
const ADD = ALU64 | aluOperations.add | operandSource.IMM;

/** Beyond this many instructions jumps of the caller might not reach over the body, and a call hardly counts. */
const LARGEST = 4096;

/** Whether a function may stand in place of a call: a tail call in it would not come back to the caller's code. */
export function canBeInlined({ instructions }: BpfFunction): boolean {
  const tailCalls = instructions.some(
    ({ opcode, src, imm }) =>
      opcode === CALL_INSTRUCTION && src === callSource.HELPER && imm === kernelFunctions.tail_call,
  );
  return !tailCalls && instructions.length <= LARGEST;
}

/**
 * The caller with the code of each of `callees` in place of the calls to it. A return costs more than most of what a
 * packet needs: 5 to 8 ns where the kernel guards returns against speculation.
 *
 * The caller has to take it that a call overwrites R6 to R9, too, and the callee has to be one that `canBeInlined`.
 * What a callee has on the stack is moved below what the caller has there.
 */
export function inlineCalls(caller: BpfFunction, callees: ReadonlyMap<string, BpfFunction>): BpfFunction {
  const shift = stackDepth(caller);
  const instructions: Instruction[] = [];
  let pending: readonly string[] = [];
  let count = 0;
  for (const instruction of caller.instructions) {
    const labels = [...pending, ...(instruction.labels ?? [])];
    const here = labels.length > 0 ? { ...instruction, labels } : instruction;
    const callee = instruction.call === undefined ? undefined : callees.get(instruction.call);
    pending = [];
    if (callee === undefined) {
      instructions.push(here);
      continue;
    }
    const prefix = `${callee.name}.${count++}`;
    const body = bodyOf(callee, prefix, shift);
    instructions.push(...withLabels(body, labels));
    pending = [`${prefix}/end`];
  }
  return { name: caller.name, instructions };
}

function withLabels([first, ...rest]: Instruction[], labels: readonly string[]): Instruction[] {
  if (first === undefined) return [];
  return [{ ...first, labels: [...labels, ...(first.labels ?? [])] }, ...rest];
}

function bodyOf({ instructions }: BpfFunction, prefix: string, shift: number): Instruction[] {
  return instructions.flatMap((instruction): Instruction[] => {
    const { labels, target } = instruction;
    const renamed: Instruction = {
      ...instruction,
      ...(labels && { labels: labels.map((label) => `${prefix}/${label}`) }),
      ...(target !== undefined && { target: `${prefix}/${target}` }),
    };
    if (instruction.opcode === EXIT_INSTRUCTION) {
      return [{ ...renamed, opcode: JMP | JUMP_ALWAYS, target: `${prefix}/end` }];
    }
    if (accessesStack(instruction)) return [{ ...renamed, offset: instruction.offset - shift }];
    if (instruction.opcode === MOVE && instruction.src === FRAME_POINTER) {
      const { labels: _, ...moved } = renamed;
      return [renamed, { ...moved, opcode: ADD, src: 0, imm: -shift }];
    }
    return [renamed];
  });
}

function accessesStack({ opcode, dst, src }: Instruction): boolean {
  const kind = opcode & 7;
  return (kind === LDX && src === FRAME_POINTER) || ((kind === ST || kind === STX) && dst === FRAME_POINTER);
}

/** Bytes below the frame pointer that a function may use, rounded up to eight: by what it adds to pointers, too. */
function stackDepth({ instructions }: BpfFunction): number {
  const lowest = instructions.map((instruction) => {
    if (accessesStack(instruction)) return instruction.offset;
    return instruction.opcode === ADD && instruction.imm < 0 && instruction.imm >= -512 ? instruction.imm : 0;
  });
  return Math.ceil(-Math.min(0, ...lowest) / 8) * 8;
}
