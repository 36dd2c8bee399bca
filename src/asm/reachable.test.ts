import { describe, expect, it } from 'vitest';
import { type Assembler, createAssembler } from './assembler.ts';
import { withoutUnreachable } from './reachable.ts';
import { R0, R1 } from './registers.ts';

function left(write: (asm: Assembler) => void): string[] {
  const asm = createAssembler('f');
  write(asm);
  return withoutUnreachable(asm.finish()).instructions.map(({ comment }) => comment ?? '');
}

describe('withoutUnreachable', () => {
  it('keeps both sides of a condition, and what calls come back to', () => {
    const kept = left((asm) => {
      asm.comment('condition');
      asm.jumpIf(R1, 'eq', 0, 'end');
      asm.comment('call');
      asm.callFunction('g');
      asm.label('end');
      asm.comment('exit');
      asm.exit();
    });
    expect(kept).toEqual(['condition', 'call', 'exit']);
  });

  it('drops what stands behind a jump or an exit and is no target, and what only that leads to', () => {
    const kept = left((asm) => {
      asm.comment('jump');
      asm.jump('end');
      asm.comment('behind the jump');
      asm.jumpIf(R1, 'eq', 0, 'other');
      asm.label('end');
      asm.comment('exit');
      asm.exit();
      asm.label('other');
      asm.comment('only from behind the jump');
      asm.mov(R0, 0);
      asm.exit();
    });
    expect(kept).toEqual(['jump', 'exit']);
  });

  it('goes back with a loop', () => {
    const kept = left((asm) => {
      asm.label('again');
      asm.comment('step');
      asm.sub(R1, 1);
      asm.comment('loop');
      asm.jumpIf(R1, 'ne', 0, 'again');
      asm.comment('exit');
      asm.exit();
    });
    expect(kept).toEqual(['step', 'loop', 'exit']);
  });
});
