import { expect, test } from 'vitest';
import { createAssembler } from './assembler.ts';
import { disassemble } from './disassemble.ts';
import { inlineCalls } from './inline.ts';
import { link } from './link.ts';
import { R0, R1, R2, R10 } from './registers.ts';

function caller() {
  const asm = createAssembler('entry');
  asm.store('u64', R10, -16, 7);
  asm.callFunction('stage');
  asm.jumpIf(R0, 'eq', 0, 'none');
  asm.callFunction('stage');
  asm.label('none');
  asm.exit();
  return asm.finish();
}

function callee() {
  const asm = createAssembler('stage');
  asm.mov(R0, 1);
  asm.jumpIf(R1, 'eq', 5, 'yes');
  asm.exit();
  asm.label('yes');
  asm.store('u32', R10, -4, 0);
  asm.mov(R2, R10);
  asm.add(R2, -4);
  asm.mov(R0, 2);
  asm.exit();
  return asm.finish();
}

test('a call becomes the code of the callee, below what the caller has on the stack', () => {
  const inlined = inlineCalls(caller(), new Map([['stage', callee()]]));
  const { code, instructions } = link(inlined, []);
  expect(code.length / 8).toBe(instructions.length);
  expect(disassemble(inlined)).toMatchInlineSnapshot(`
    [
      "entry:",
      "  *(u64 *)(r10 - 16) = 7",
      "  r0 = 1",
      "  if r1 == 5 goto stage.0/yes",
      "  goto stage.0/end",
      " stage.0/yes:",
      "  *(u32 *)(r10 - 20) = 0",
      "  r2 = r10",
      "  r2 += -16",
      "  r2 += -4",
      "  r0 = 2",
      "  goto stage.0/end",
      " stage.0/end:",
      "  if r0 == 0 goto none",
      "  r0 = 1",
      "  if r1 == 5 goto stage.1/yes",
      "  goto stage.1/end",
      " stage.1/yes:",
      "  *(u32 *)(r10 - 20) = 0",
      "  r2 = r10",
      "  r2 += -16",
      "  r2 += -4",
      "  r0 = 2",
      "  goto stage.1/end",
      " stage.1/end:",
      " none:",
      "  exit",
    ]
  `);
});

test('calls to others stay', () => {
  const entry = caller();
  expect(inlineCalls(entry, new Map())).toEqual(entry);
});
