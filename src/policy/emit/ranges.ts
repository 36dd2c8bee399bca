import { R2, R3, type Register } from '../../asm/index.ts';
import type { NumberRange } from '../checked.ts';
import type { Emitter } from './emitter.ts';

/** More ranges of a 16-bit number than this are looked up in a bitmap. */
const MAX_COMPARED = 64;

/**
 * Jumps to `no` unless the number in `value` (R1 to R5 or R8, 32 bits) lies in one of the ranges. Binary search in
 * straight code; overwrites R2 and R3.
 */
export function emitInRanges(e: Emitter, value: Register, ranges: readonly NumberRange[], no: string): void {
  const last = ranges.at(-1);
  if (ranges.length > MAX_COMPARED && last && last[1] <= 0xffff) {
    emitInBitmap(e, value, ranges, no);
    return;
  }
  const yes = e.asm.uniqueLabel('in-range');
  search(e, value, ranges, yes, no);
  e.asm.label(yes);
}

function search(e: Emitter, value: Register, ranges: readonly NumberRange[], yes: string, no: string): void {
  const { asm } = e;
  if (ranges.length === 1) {
    const [lo, hi] = ranges[0] as NumberRange;
    if (lo === hi) asm.jumpIf32(value, 'ne', lo, no);
    else {
      if (lo > 0) asm.jumpIf32(value, 'lt', lo, no);
      if (hi < 0xffff_ffff) asm.jumpIf32(value, 'gt', hi, no);
    }
    return;
  }
  const middle = ranges.length >> 1;
  const upper = asm.uniqueLabel('upper');
  asm.jumpIf32(value, 'ge', (ranges[middle] as NumberRange)[0], upper);
  search(e, value, ranges.slice(0, middle), yes, no);
  asm.jump(yes);
  asm.label(upper);
  search(e, value, ranges.slice(middle), yes, no);
}

function emitInBitmap({ asm, bitmaps }: Emitter, value: Register, ranges: readonly NumberRange[], no: string): void {
  asm.mov32(R2, value);
  asm.and32(R2, 0xffff);
  asm.rsh32(R2, 3);
  asm.comment(`a bit for each of 65,536 numbers: ${ranges.length} ranges`);
  asm.loadMapValue(R3, 'bitmaps', bitmaps.offsetOf(ranges));
  asm.add(R3, R2);
  asm.load('u8', R3, R3, 0);
  asm.mov32(R2, value);
  asm.and32(R2, 7);
  asm.rsh32(R3, R2);
  asm.and32(R3, 1);
  asm.jumpIf32(R3, 'eq', 0, no);
}
