import { createAssembler, kernelFunctions, link, R0, R1, R2, R3, R6 } from '../asm/index.ts';
import { loadProgram } from './program/load.ts';
import { testRun } from './program/test-run.ts';
import { addressOf, rawSyscall, whileHolding } from './system/ffi.ts';
import { systemCallNumber } from './system/system-call.ts';

/**
 * The kernel's count of timer ticks, which programs read for next to nothing with bpf_jiffies64, and what it means.
 * Where a moment is only kept to be shown, as in "last hit", a clock of 1 to 10 ms is fine enough.
 */
export interface Jiffies {
  readonly now: bigint;
  readonly perSecond: number;
  /** The wall-clock time of a count taken earlier. */
  dateOf(ticks: bigint): Date;
}

const CLOCK_MONOTONIC_COARSE = 6;
const FRAME_BYTES = 64;

/** Reads the count, by running a program. */
export function readJiffies(): Jiffies {
  const nowMs = Date.now();
  const now = currentTicks();
  const perSecond = ticksPerSecond();
  return { now, perSecond, dateOf: (ticks) => new Date(nowMs - (Number(now - ticks) * 1000) / perSecond) };
}

/** The coarse clock goes on by one tick at a time: its resolution is the length of a tick. */
function ticksPerSecond(): number {
  const timespec = new Uint8Array(new ArrayBuffer(16));
  whileHolding(timespec, () =>
    rawSyscall(systemCallNumber('clock_getres'), CLOCK_MONOTONIC_COARSE, addressOf(timespec)),
  );
  return Math.round(1e9 / Number(new DataView(timespec.buffer).getBigInt64(8, true)));
}

/** A test run returns 32 bits, so that the program writes all 64 into the frame. */
function currentTicks(): bigint {
  const asm = createAssembler('read_jiffies');
  asm.mov(R6, R1);
  asm.call(kernelFunctions.jiffies64);
  asm.load('u32', R1, R6, 0);
  asm.load('u32', R2, R6, 4);
  asm.mov(R3, R1);
  asm.add(R3, 8);
  asm.jumpIf(R3, 'gt', R2, 'end');
  asm.store('u64', R1, 0, R0);
  asm.label('end');
  asm.mov(R0, 0);
  asm.exit();
  using program = loadProgram({ type: 'xdp', name: 'read_jiffies', code: link(asm.finish(), []).code });
  const { data } = testRun(program, { data: new Uint8Array(new ArrayBuffer(FRAME_BYTES)) });
  return new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
}
