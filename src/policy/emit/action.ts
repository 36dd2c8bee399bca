import { R0, R1, R2, R3, R4, R5, type Register } from '../../asm/index.ts';
import { FIRST_LOG_LIMIT, FIRST_RULE, packetFields } from '../../generated/abi.ts';
import type { Action } from '../checked.ts';
import type { LoweredRule } from '../lower.ts';
import { operandsOf } from '../operands.ts';
import { verdictOf } from '../verdict.ts';
import { type Emitter, PACKET } from './emitter.ts';
import { loadOperand } from './operands.ts';

/** What happens when all tests of a rule were true. */
export function emitAction(e: Emitter, { rule, action }: LoweredRule): void {
  const { asm } = e;
  const id = FIRST_RULE + rule.index;
  asm.comment(`rule ${rule.name} (line ${rule.line}): ${action.kind}`);
  switch (action.kind) {
    case 'allow':
    case 'drop':
    case 'reject':
      emitVerdict(asm, id, verdictOf[action.kind]);
      return;
    default:
      asm.mov32(R2, id);
      if (action.kind === 'log') asm.mov32(R1, rule.index);
      emitEffect(e, action, R1);
  }
}

/**
 * Counts, logs or marks, and goes on.
 * @param index holds the rule's index; R2 holds its number: FIRST_RULE + index
 * @param operand where in the rule's row its numbers stand; they are in the code where it is undefined
 */
export function emitEffect(
  e: Emitter,
  action: Exclude<Action, { kind: keyof typeof verdictOf }>,
  index: Register,
  operand?: number,
): void {
  const { asm } = e;
  const load = (into: Register, word: number): void => {
    if (operand === undefined) asm.loadImm64(into, operandsOf(action)[word] as bigint);
    else loadOperand(e, 'u64', into, operand + word);
  };
  if (action.kind === 'log') {
    asm.mov32(R3, index);
    asm.sub32(R3, e.firstLogRule);
    asm.add32(R3, FIRST_LOG_LIMIT);
    load(R4, 0);
    load(R5, 1);
  } else if (action.kind === 'mark') {
    load(R1, 0);
    asm.store('u32', PACKET, packetFields.mark.offset, R1);
  }
  asm.mov(R1, PACKET);
  asm.callFunction(action.kind === 'log' ? 'sluice_log' : 'sluice_count');
}

/** packet->rule = id; return verdict */
export function emitVerdict(asm: Emitter['asm'], id: number, verdict: number): void {
  asm.mov32(R1, id);
  asm.store('u32', PACKET, packetFields.rule.offset, R1);
  asm.mov32(R0, verdict);
  asm.exit();
}
