import type { Problem } from '../diagnostics/problem.ts';
import type { BpfFunction, Instruction } from './instruction.ts';
import { isConditionalJump, LOAD_IMM64 } from './opcodes.ts';

/** How many 8-byte slots an instruction takes: what offsets count in, and the kernel's limits. */
export const slotsOf = (instruction: Instruction): 1 | 2 => (instruction.opcode === LOAD_IMM64 ? 2 : 1);

/** How many slots the instructions take together. */
export const countSlots = (instructions: readonly Instruction[]): number =>
  instructions.reduce((sum, instruction) => sum + slotsOf(instruction), 0);

/** What the verifier's effort grows with. */
export const countConditionalJumps = ({ instructions }: BpfFunction): number =>
  instructions.filter(({ opcode }) => isConditionalJump(opcode)).length;

/**
 * The function's instructions with the offset of every jump worked out from its label. What cannot be (a label that
 * is unknown, stands twice, or is too far for 16 bits) is added to `problems`, and that jump keeps its offset.
 */
export function resolveJumps({ name, instructions }: BpfFunction, problems: Problem[]): Instruction[] {
  const slotByLabel = findLabels(name, instructions, problems);
  let next = 0;
  return instructions.map((instruction) => {
    next += slotsOf(instruction);
    if (instruction.target === undefined) return instruction;
    const slot = slotByLabel.get(instruction.target);
    if (slot === undefined) {
      problems.push({
        code: 'asm/unknown-label',
        message: `${name}: a jump to "${instruction.target}", which is no label`,
      });
      return instruction;
    }
    const offset = slot - next;
    if (offset < -0x8000 || offset > 0x7fff) {
      problems.push({
        code: 'asm/jump-too-far',
        message: `${name}: the jump at ${next - 1} to "${instruction.target}" goes ${offset} instructions far`,
      });
      return instruction;
    }
    return { ...instruction, offset };
  });
}

function findLabels(name: string, instructions: readonly Instruction[], problems: Problem[]): Map<string, number> {
  const slotByLabel = new Map<string, number>();
  let slot = 0;
  for (const instruction of instructions) {
    for (const label of instruction.labels ?? []) {
      if (slotByLabel.has(label)) {
        problems.push({ code: 'asm/duplicate-label', message: `${name}: the label "${label}" stands twice` });
      }
      slotByLabel.set(label, slot);
    }
    slot += slotsOf(instruction);
  }
  return slotByLabel;
}
