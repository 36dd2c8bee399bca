import { systemCall } from '../system/system-call.ts';

/** Bytes of a CPU mask: 1,024 CPUs, as in glibc's cpu_set_t. */
const MASK_SIZE = 128;

/** The CPU that the calling thread runs on now. */
export function currentCpu(): number {
  const cpu = new Uint32Array(1);
  systemCall('getcpu', [new Uint8Array(cpu.buffer), 0, 0]);
  return cpu[0] ?? 0;
}

/** The CPUs that the calling thread may run on, in order. */
export function allowedCpus(): number[] {
  const mask = new Uint8Array(MASK_SIZE);
  systemCall('sched_getaffinity', [0, MASK_SIZE, mask]);
  const isSet = (cpu: number) => ((mask[cpu >> 3] ?? 0) & (1 << (cpu & 7))) !== 0;
  return Array.from({ length: MASK_SIZE * 8 }, (_, cpu) => cpu).filter(isSet);
}

/** Lets the calling thread run on these CPUs only. */
export function setAllowedCpus(cpus: readonly number[]): void {
  const mask = new Uint8Array(MASK_SIZE);
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  systemCall('sched_setaffinity', [0, MASK_SIZE, mask], `CPUs ${cpus.join(', ')}`);
}

/**
 * Calls `action` with the calling thread on one CPU, so that what a test run leaves in per-CPU maps is found there.
 * @param cpu the one that the thread runs on where left out.
 */
export function onCpu<T>(action: (cpu: number) => T, cpu: number = currentCpu()): T {
  const before = allowedCpus();
  setAllowedCpus([cpu]);
  try {
    return action(cpu);
  } finally {
    setAllowedCpus(before);
  }
}
