import { describe, expect, it } from 'vitest';
import { SluiceError } from '../diagnostics/problem.ts';
import { type Assembler, createAssembler } from './assembler.ts';
import { disassemble } from './disassemble.ts';
import { kernelFunctions } from './kernel-functions.ts';
import { R0, R1, R2, R10, type Register } from './registers.ts';

function assemble(write: (asm: Assembler) => void) {
  const asm = createAssembler('test');
  write(asm);
  return asm.finish();
}

function problemsOf(write: (asm: Assembler) => void) {
  try {
    assemble(write);
  } catch (error) {
    if (error instanceof SluiceError) return error.problems;
    throw error;
  }
  return [];
}

describe('createAssembler', () => {
  it('tells a register from the number that it has', () => {
    const { instructions } = assemble((asm) => {
      asm.mov(R1, R2);
      asm.mov(R1, 2);
    });
    expect(instructions).toEqual([
      { opcode: 0xbf, dst: 1, src: 2, offset: 0, imm: 0 },
      { opcode: 0xb7, dst: 1, src: 0, offset: 0, imm: 2 },
    ]);
  });

  it('keeps labels, comment and rule with the instruction that they were given for', () => {
    const { instructions } = assemble((asm) => {
      asm.forRule(3);
      asm.label('start');
      asm.label('again');
      asm.comment('the answer');
      asm.mov(R0, 42);
      asm.forRule(undefined);
      asm.exit();
    });
    expect(instructions).toEqual([
      { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 42, labels: ['start', 'again'], comment: 'the answer', rule: 3 },
      { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 },
    ]);
  });

  it('counts slots and conditional jumps as the kernel does', () => {
    const asm = createAssembler('test');
    asm.loadImm64(R1, 1n);
    asm.jumpIf(R1, 'eq', 1, 'out');
    asm.jumpIf32(R1, 'set', R2, 'out');
    asm.jump('out');
    asm.call(kernelFunctions.ktime_get_ns);
    asm.label('out');
    asm.exit();
    expect(asm.instructionCount).toBe(7);
    expect(asm.conditionalJumpCount).toBe(2);
  });

  it('gives out each unique label once', () => {
    const asm = createAssembler('test');
    expect(new Set([asm.uniqueLabel('next'), asm.uniqueLabel('next'), asm.uniqueLabel('other')]).size).toBe(3);
  });

  it('lets a 32-bit comparison see all 32 bits of a number', () => {
    const fn = assemble((asm) => {
      asm.label('top');
      asm.jumpIf32(R1, 'gt', 0xffff_fffe, 'top');
      asm.exit();
    });
    expect(fn.instructions[0]).toMatchObject({ opcode: 0x26, imm: -2 });
  });

  it('refuses in a 64-bit comparison a number whose sign would be extended', () => {
    const problems = problemsOf((asm) => {
      asm.label('top');
      asm.jumpIf(R1, 'gt', 0x8000_0000, 'top');
    });
    expect(problems).toEqual([
      {
        code: 'asm/out-of-range',
        message: 'test, instruction 0: 2147483648 is not in -2147483648 to 2147483647, what 64-bit operations take',
      },
    ]);
  });

  it('stores in narrow fields what they hold, signed or not', () => {
    expect(problemsOf((asm) => asm.store('u8', R10, -1, 255))).toEqual([]);
    expect(problemsOf((asm) => asm.store('u16', R10, -2, -1))).toEqual([]);
    expect(problemsOf((asm) => asm.store('u32', R10, -4, 0xffff_ffff))).toEqual([]);
    expect(problemsOf((asm) => asm.store('u8', R10, -1, 256))).toHaveLength(1);
    expect(problemsOf((asm) => asm.store('u64', R10, -8, 0xffff_ffff))).toHaveLength(1);
  });

  it('reports everything at once, where it was said and what it was said of', () => {
    const problems = problemsOf((asm) => {
      asm.comment('packet->mark');
      asm.load('u32', R1, R2, 0x8000);
      asm.mov(R10, 0);
      asm.add(5 as unknown as Register, 1.5);
      asm.lsh32(R0, 32);
      asm.div(R0, 0);
      asm.loadImm64(R0, 1n << 64n);
      asm.jump('nowhere');
      asm.label('twice');
      asm.exit();
      asm.label('twice');
      asm.exit();
      asm.label('last');
    });
    expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'asm/out-of-range: test, instruction 0 (packet->mark): the offset 32768 is not in -32768 to 32767',
      'asm/bad-register: test, instruction 1: r10, the frame pointer, cannot be written',
      'asm/out-of-range: test, instruction 2: 1.5 is not in -2147483648 to 2147483647, what 64-bit operations take',
      'asm/bad-register: test, instruction 2: 5 is no register',
      'asm/out-of-range: test, instruction 3: a shift of 32 bits by 32',
      'asm/out-of-range: test, instruction 4: a division by zero',
      'asm/out-of-range: test, instruction 5: 18446744073709551616 does not fit in 64 bits',
      'asm/unknown-label: test, instruction 10: no instruction follows the label "last"',
      'asm/duplicate-label: test: the label "twice" stands twice',
      'asm/unknown-label: test: a jump to "nowhere", which is no label',
    ]);
  });

  it('names the label of a jump that goes too far', () => {
    const jumpOver = (count: number) => (asm: Assembler) => {
      asm.jump('far');
      for (let index = 0; index < count; index++) asm.mov(R0, 0);
      asm.label('far');
      asm.exit();
    };
    expect(problemsOf(jumpOver(0x7fff))).toEqual([]);
    expect(problemsOf(jumpOver(0x8000))).toEqual([
      { code: 'asm/jump-too-far', message: 'test: the jump at 0 to "far" goes 32768 instructions far' },
    ]);
  });

  it('may be finished with nothing in it, and read back', () => {
    expect(disassemble(assemble(() => {}))).toEqual(['test:']);
  });
});
