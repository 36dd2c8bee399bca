import { trySystemCall } from '../system/system-call.ts';

/** linux/membarrier.h: waits for an RCU grace period. */
const MEMBARRIER_CMD_GLOBAL = 1;

/** Where the kernel has no such call: longer than a program runs for a packet, whatever interrupts it. */
const PAUSE_MS = 50;

/**
 * Waits until no CPU runs a program for a packet that it began before the call. What such a program may still use is
 * safe to take away then: the kernel itself empties a program array at once when its last pin goes.
 */
export function waitForPackets(): void {
  if (trySystemCall('membarrier', [MEMBARRIER_CMD_GLOBAL, 0, 0]) >= 0) return;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
