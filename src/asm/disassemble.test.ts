import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assembler, createAssembler } from './assembler.ts';
import { decode } from './bytecode.ts';
import { disassemble } from './disassemble.ts';
import { kernelFunctions } from './kernel-functions.ts';
import { link } from './link.ts';
import { aluOperations, atomicOperations, jumpConditions } from './opcodes.ts';
import { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 } from './registers.ts';

function stage() {
  const asm = createAssembler('stage');
  asm.comment('packet->verdict');
  asm.load('u32', R1, R9, 84);
  asm.jumpIf32(R1, 'ne', 2, 'out');
  asm.loadMap(R1, 'counters');
  asm.loadMapValue(R2, '.rodata', 8);
  asm.call(kernelFunctions.map_lookup_elem);
  asm.label('out');
  asm.comment('decided');
  asm.callFunction('deliver');
  asm.exit();
  return asm.finish();
}

describe('disassemble', () => {
  it('shows labels, names and comments', () => {
    expect(disassemble(stage())).toEqual([
      'stage:',
      '  r1 = *(u32 *)(r9 + 84)  /* packet->verdict */',
      '  if w1 != 2 goto out',
      '  r1 = map[counters]',
      '  r2 = map[.rodata][0] + 8',
      '  call bpf_map_lookup_elem',
      ' out:',
      '  call deliver  /* decided */',
      '  exit',
    ]);
  });

  it('shows the slots of a linked program, as the verifier does', () => {
    const deliver = createAssembler('deliver');
    deliver.mov(R0, 1);
    deliver.exit();
    expect(disassemble(link(stage(), [deliver.finish()]))).toEqual([
      'stage:',
      '   0: r1 = *(u32 *)(r9 + 84)  /* packet->verdict */',
      '   1: if w1 != 2 goto out',
      '   2: r1 = map[counters]',
      '   4: r2 = map[.rodata][0] + 8',
      '   6: call bpf_map_lookup_elem',
      ' out:',
      '   7: call deliver  /* decided */',
      '   8: exit',
      'deliver:',
      '   9: r0 = 1',
      '  10: exit',
    ]);
  });

  it('shows numbers where bytes hold no names', () => {
    const deliver = createAssembler('deliver');
    deliver.mov(R0, 1);
    deliver.exit();
    expect(disassemble(decode(link(stage(), [deliver.finish()]).code)).slice(1, 6)).toEqual([
      '  if w1 != 2 goto pc+5',
      '  r1 = map[fd:0]',
      '  r2 = map[fd:0][0] + 8',
      '  call bpf_map_lookup_elem',
      '  call pc+1',
    ]);
  });

  it('has a line for every opcode there may be', () => {
    const anyOpcode = Array.from({ length: 256 }, (_, opcode) => ({ opcode, dst: 1, src: 2, offset: 3, imm: 4 }));
    for (const line of disassemble(anyOpcode)) expect(line).toMatch(/^ {2}\S/);
  });
});

/** What LLVM makes of assembly text: the outside judge of opcodes, operands and their notation. */
function assembleWithLlvm(lines: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-asm-'));
  try {
    const object = join(folder, 'text.o');
    const code = join(folder, 'text.bin');
    const arguments_ = ['-target', 'bpf', '-mcpu=v4', '-x', 'assembler', '-c', '-', '-o', object];
    execFileSync('clang-19', arguments_, { input: `${lines.join('\n')}\n` });
    execFileSync('llvm-objcopy-19', ['-O', 'binary', '-j', '.text', object, code]);
    return new Uint8Array(readFileSync(code));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const writable = fc.constantFrom(R0, R1, R2, R3, R4, R5, R6, R7, R8, R9);
const readable = fc.constantFrom(R0, R1, R9, R10);
const offset = fc.integer({ min: -0x8000, max: 0x7fff });
const imm = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const operand = fc.oneof(readable, imm);
const size = fc.constantFrom('u8', 'u16', 'u32', 'u64');
const wideSize = fc.constantFrom('u32', 'u64');
const condition = fc.constantFrom(...(Object.keys(jumpConditions) as (keyof typeof jumpConditions)[]));
const operations = Object.keys(aluOperations) as (keyof typeof aluOperations)[];
const operation = fc.constantFrom(...operations, ...operations.map((name) => `${name}32` as const));
const atomicOperation = fc.constantFrom(...(Object.keys(atomicOperations) as (keyof typeof atomicOperations)[]));

type Step = (asm: Assembler) => void;
const step = <T extends unknown[]>(
  run: (asm: Assembler, ...values: T) => void,
  ...values: { [I in keyof T]: fc.Arbitrary<T[I]> }
) =>
  fc.tuple<T>(...values).map(
    (tuple): Step =>
      (asm) =>
        run(asm, ...tuple),
  );

const anyStep = fc.oneof(
  step(
    (asm, name, dst, src) => asm[name](dst, isShiftOrDivision(name) && typeof src === 'number' ? 7 : src),
    operation,
    writable,
    operand,
  ),
  step((asm, dst) => asm.neg(dst), writable),
  step((asm, dst) => asm.neg32(dst), writable),
  step((asm, dst, bits) => asm.toBigEndian(dst, bits), writable, fc.constantFrom(16, 32, 64)),
  step((asm, ...values) => asm.load(...values), size, writable, readable, offset),
  step((asm, ...values) => asm.store(...values), size, readable, offset, readable),
  step((asm, ...values) => asm.store(...values), size, readable, offset, fc.integer({ min: -128, max: 255 })),
  step((asm, ...values) => asm.atomic(...values), atomicOperation, wideSize, readable, offset, writable),
  step((asm, ...values) => asm.loadImm64(...values), writable, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })),
  step((asm, ...values) => asm.jumpIf(...values, 'end'), readable, condition, operand),
  step((asm, ...values) => asm.jumpIf32(...values, 'end'), readable, condition, operand),
  step((asm) => asm.jump('end')),
);

const isShiftOrDivision = (name: string): boolean => /^(lsh|rsh|arsh|div|mod)/.test(name);

describe('assembler and disassembler', () => {
  it('agree with LLVM on bytes and notation', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 100, maxLength: 300 }), (steps) => {
        const asm = createAssembler('entry');
        for (const run of steps) run(asm);
        asm.label('end');
        asm.exit();
        const { code, instructions } = link(asm.finish(), []);
        expect(decode(code)).toHaveLength(instructions.length);
        expect(assembleWithLlvm(disassemble(instructions))).toEqual(code);
      }),
      { numRuns: 6 },
    );
  });
});
