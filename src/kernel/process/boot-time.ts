import { systemCall } from '../system/system-call.ts';

/** linux/time.h. */
const CLOCK_BOOTTIME = 7;

/** Nanoseconds since the machine started, those of suspend among them: what `bpf_ktime_get_boot_ns` tells programs. */
export function bootTimeNs(): bigint {
  const timespec = new Uint8Array(new ArrayBuffer(16));
  systemCall('clock_gettime', [CLOCK_BOOTTIME, timespec]);
  const view = new DataView(timespec.buffer);
  return view.getBigInt64(0, true) * 1_000_000_000n + view.getBigInt64(8, true);
}

/** The Unix time at which that was 0, in milliseconds: another one once the wall clock has been set. */
export const bootEpochMs = (): number => Date.now() - Number(bootTimeNs() / 1000n) / 1000;
