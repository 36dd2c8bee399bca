import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from './bytecode.ts';
import type { Instruction } from './instruction.ts';
import { LOAD_IMM64 } from './opcodes.ts';

const nibble = fc.integer({ min: 0, max: 15 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const fields = { dst: nibble, src: nibble, offset: fc.integer({ min: -0x8000, max: 0x7fff }), imm: int32 };

const narrow = fc.record({
  opcode: fc.integer({ min: 0, max: 255 }).filter((opcode) => opcode !== LOAD_IMM64),
  ...fields,
});
const wide = fc.record({
  opcode: fc.constant(LOAD_IMM64),
  ...fields,
  imm64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  narrow,
  wide.map((item) => ({ ...item, imm: Number(BigInt.asIntN(32, item.imm64)) })),
);

describe('encode and decode', () => {
  it('give back any instructions', () => {
    fc.assert(
      fc.property(fc.array(instruction), (instructions) => {
        expect(decode(encode(instructions))).toEqual(instructions);
      }),
    );
  });

  it('extend the sign of a 64-bit load that says only 32 bits', () => {
    const [loaded] = decode(encode([{ opcode: LOAD_IMM64, dst: 0, src: 0, offset: 0, imm: -1 }]));
    expect(loaded?.imm64).toBe(2n ** 64n - 1n);
  });

  it.each([
    { code: new Uint8Array(7), message: '7 bytes are not a whole number of instructions' },
    {
      code: Uint8Array.of(LOAD_IMM64, 0, 0, 0, 0, 0, 0, 0),
      message: 'the 64-bit load at instruction 0 lacks its second half',
    },
  ])('refuse to decode: $message', ({ code, message }) => {
    expect(() => decode(code)).toThrow(message);
  });
});
