import { type MemorySize, R0, R1, R2, R3, R4, R10, type Register } from '../../asm/index.ts';
import { CONTEXT, type Emitter } from './emitter.ts';

const bytesOf = { u8: 1, u16: 2, u32: 4, u64: 8 } as const satisfies Record<MemorySize, number>;

/** No header or payload that a rule asks for begins later; the verifier follows packet pointers to 65,535. */
const MAX_OFFSET = 0x7fff;

/** Where the slow way puts its bytes on the stack; cBPF's memory lies above. */
const BUFFER = -72;

/**
 * `into` = the number of that size at offset R2 of the frame, converted to host byte order. Jumps to `no` where the
 * frame ends before. Overwrites R0 to R5; `into` is none of them but R0.
 */
export function emitLoadBytes(e: Emitter, into: Register, size: MemorySize, no: string): void {
  const { asm, hook } = e;
  const slow = asm.uniqueLabel('slow');
  const done = asm.uniqueLabel('loaded');
  const bytes = bytesOf[size];
  const hasSlowWay = hook.name === 'tc' || e.multiBuffer;

  asm.jumpIf(R2, 'gt', MAX_OFFSET, hasSlowWay ? slow : no);
  asm.load('u32', R1, CONTEXT, hook.data);
  asm.add(R1, R2);
  asm.mov(R3, R1);
  asm.add(R3, bytes);
  asm.load('u32', R4, CONTEXT, hook.dataEnd);
  asm.jumpIf(R3, 'gt', R4, hasSlowWay ? slow : no);
  asm.load(size, into, R1, 0);
  if (hasSlowWay) {
    asm.jump(done);
    asm.label(slow);
    // The kernel function takes 32 bits of it: what is cut off would let it begin again at the frame's first byte.
    asm.jumpIf(R2, 'gt', 0x7fff_ffff, no);
    asm.mov(R1, CONTEXT);
    asm.mov(R3, R10);
    asm.add(R3, BUFFER);
    asm.mov(R4, bytes);
    asm.call(hook.loadBytes);
    asm.jumpIf(R0, 'ne', 0, no);
    asm.load(size, into, R10, BUFFER);
    asm.label(done);
  }
  if (bytes > 1) asm.toBigEndian(into, (bytes * 8) as 16 | 32 | 64);
}
