import type { BpfFunction, Instruction } from './instruction.ts';
import { EXIT_INSTRUCTION, isConditionalJump, isJump } from './opcodes.ts';

/**
 * The function without the instructions that no way from its first one leads to: the verifier refuses a program that
 * has any ("unreachable insn"). Code that is emitted piece by piece cannot always know that the piece before it never
 * goes on. Jumps are by label, as the assembler leaves them.
 */
export function withoutUnreachable(fn: BpfFunction): BpfFunction {
  const { instructions } = fn;
  const indexByLabel = new Map(instructions.flatMap(({ labels = [] }, index) => labels.map((label) => [label, index])));
  const reached = new Set<number>();
  const open = [0];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const instruction = instructions[index];
    if (instruction === undefined || reached.has(index)) continue;
    reached.add(index);
    if (goesOn(instruction)) open.push(index + 1);
    const target = instruction.target === undefined ? undefined : indexByLabel.get(instruction.target);
    if (target !== undefined) open.push(target);
  }
  return { ...fn, instructions: instructions.filter((_, index) => reached.has(index)) };
}

/** Whether the instruction behind may be next. */
function goesOn({ opcode }: Instruction): boolean {
  if (opcode === EXIT_INSTRUCTION) return false;
  return !isJump(opcode) || isConditionalJump(opcode);
}
