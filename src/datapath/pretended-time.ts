import type { MapHandle } from '../kernel/index.ts';
import { type AllWindows, writeSchedules } from './windows.ts';

/** Captures hold packets that are a little older than those before them. */
const BEHIND_MS = 86_400_000;

/**
 * Makes the windows of a generation that is not in force tell what they are at any time: returns what the data plane has
 * to take for the time on its clock. That clock is Unix time here.
 */
export function pretendTime(map: MapHandle, windows: AllWindows): (timeMs: number) => bigint {
  let [fromMs, toMs] = [0, 0];
  return (timeMs) => {
    if (timeMs < fromMs || timeMs >= toMs) {
      fromMs = timeMs - BEHIND_MS;
      toMs = Math.min(...writeSchedules(map, windows, fromMs, 0).map(({ endMs }) => endMs));
    }
    // 0 would mean the machine's own clock.
    return BigInt(Math.max(1, Math.floor(timeMs * 1e6)));
  };
}
