import { readFileSync } from 'node:fs';
import { systemCall } from '../system/system-call.ts';

/** Linux linux/capability.h. */
const capabilities = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

export type Capability = keyof typeof capabilities;

/** The capabilities that matter for bpf(2), and whether the process has them in effect. CAP_SYS_ADMIN includes them. */
export function effectiveCapabilities(): Record<Capability, boolean> {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'));
  const mask = BigInt(`0x${line?.[1] ?? '0'}`);
  const has = (name: Capability) => (mask & (1n << BigInt(capabilities[name]))) !== 0n;
  const names = Object.keys(capabilities) as Capability[];
  return Object.fromEntries(names.map((name) => [name, has(name)])) as Record<Capability, boolean>;
}

const RLIMIT_MEMLOCK = 8;

/** Bytes that the process may lock in memory, Infinity where there is no limit. Kernels before 5.11 count maps to it. */
export function lockedMemoryLimit(): number {
  const limits = new BigUint64Array(2);
  systemCall('prlimit64', [0, RLIMIT_MEMLOCK, 0, new Uint8Array(limits.buffer)]);
  const soft = limits[0] ?? 0n;
  return soft === 2n ** 64n - 1n ? Number.POSITIVE_INFINITY : Number(soft);
}
