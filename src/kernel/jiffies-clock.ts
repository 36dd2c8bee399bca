import { readJiffies } from './jiffies.ts';

/** The kernel's count of timer ticks, told without asking the kernel again. */
export interface JiffiesClock {
  readonly perSecond: number;
  /** Within a tick or two of what a program reads. */
  now(): bigint;
  /** The tick at which so much time has passed at least. */
  after(ms: number): bigint;
  /** Milliseconds until that tick, 0 where it has been. */
  until(tick: bigint): number;
}

const NS_PER_SECOND = 1_000_000_000n;

let shared: JiffiesClock | undefined;

/** Read once in a process: the count goes on with CLOCK_MONOTONIC, as `process.hrtime` does. */
export function jiffiesClock(): JiffiesClock {
  shared ??= startClock();
  return shared;
}

function startClock(): JiffiesClock {
  const startNs = process.hrtime.bigint();
  const { now: start, perSecond } = readJiffies();
  const tickNs = NS_PER_SECOND / BigInt(perSecond);
  const now = (): bigint => start + (process.hrtime.bigint() - startNs) / tickNs;
  return {
    perSecond,
    now,
    // One more, for the tick that has begun.
    after: (ms) => now() + BigInt(Math.ceil((ms * perSecond) / 1000)) + 1n,
    until: (tick) => Math.max(0, (Number(tick - now()) * 1000) / perSecond),
  };
}
