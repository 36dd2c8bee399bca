import { formatInstruction } from './format.ts';
import type { BpfFunction, Instruction } from './instruction.ts';
import { slotsOf } from './jumps.ts';
import type { LinkedProgram } from './link.ts';

/**
 * The code as lines to read: an instruction a line, indented, with its comment behind it, and its labels on lines of
 * their own before it. The lines of a linked program begin with their slot, as in the verifier's log, and each of its
 * functions with its name.
 */
export function disassemble(code: readonly Instruction[] | BpfFunction | LinkedProgram): string[] {
  if ('slots' in code) return disassembleProgram(code);
  if ('instructions' in code) return [`${code.name}:`, ...disassemble(code.instructions)];
  return code.flatMap((instruction) => [...labelLines(instruction), `  ${withComment(instruction)}`]);
}

function disassembleProgram({ instructions, slots, functions }: LinkedProgram): string[] {
  const functionAt = new Map(functions.map(({ name, slot }) => [slot, name]));
  const width = String(slots.length - 1).length + 2;
  let next = 0;
  return instructions.flatMap((instruction) => {
    const slot = next;
    next += slotsOf(instruction);
    const name = functionAt.get(slot);
    return [
      ...(name === undefined ? [] : [`${name}:`]),
      ...labelLines(instruction),
      `${String(slot).padStart(width)}: ${withComment(instruction)}`,
    ];
  });
}

const labelLines = (instruction: Instruction): string[] => (instruction.labels ?? []).map((label) => ` ${label}:`);

function withComment(instruction: Instruction): string {
  const text = formatInstruction(instruction);
  return instruction.comment ? `${text}  /* ${instruction.comment} */` : text;
}
