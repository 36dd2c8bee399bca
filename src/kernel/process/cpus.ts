import { readFileSync } from 'node:fs';

let cached: number | undefined;

/** How many CPUs the kernel may ever bring up: how many values a per-CPU map entry has. */
export function possibleCpus(): number {
  cached ??= cpuListLength(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
  return cached;
}

/** How many CPUs a list such as `0-3,8` or `0` reaches, that is the highest number plus one. */
export function cpuListLength(list: string): number {
  const numbers = list.trim().split(/[,-]/).map(Number);
  return Math.max(...numbers) + 1;
}
