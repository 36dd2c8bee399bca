import { R0, R1, R2, R3, R4, R5 } from '../../asm/index.ts';
import { FIRST_RULE, packetFields, Verdict } from '../../generated/abi.ts';
import type { TerminalAction } from '../checked.ts';
import type { LoweredRule } from '../lower.ts';
import { type Emitter, PACKET } from './emitter.ts';

export const verdictOf = { allow: Verdict.ALLOW, drop: Verdict.DROP, reject: Verdict.REJECT } as const satisfies Record<
  TerminalAction,
  number
>;

/** What happens when all tests of a rule were true. `limit` is the index in the map `limits` of a log rule. */
export function emitAction({ asm }: Emitter, { rule, action }: LoweredRule, limit: number): void {
  const id = FIRST_RULE + rule.index;
  const place = `rule ${rule.name} (line ${rule.line})`;
  asm.comment(`${place}: ${action.kind}`);
  switch (action.kind) {
    case 'allow':
    case 'drop':
    case 'reject':
      emitVerdict(asm, id, verdictOf[action.kind]);
      return;
    case 'mark':
      asm.mov32(R1, action.mark);
      asm.store('u32', PACKET, packetFields.mark.offset, R1);
      break;
    case 'log': {
      const interval = BigInt(Math.round(1e9 / action.ratePerSecond));
      asm.mov32(R3, limit);
      asm.loadImm64(R4, interval);
      asm.loadImm64(R5, interval * BigInt(Math.max(0, action.burst - 1)));
      break;
    }
  }
  asm.mov(R1, PACKET);
  asm.mov32(R2, id);
  asm.callFunction(action.kind === 'log' ? 'sluice_log' : 'sluice_count');
}

/** packet->rule = id; return verdict */
export function emitVerdict(asm: Emitter['asm'], id: number, verdict: number): void {
  asm.mov32(R1, id);
  asm.store('u32', PACKET, packetFields.rule.offset, R1);
  asm.mov32(R0, verdict);
  asm.exit();
}
