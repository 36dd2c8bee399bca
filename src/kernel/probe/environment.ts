import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { DEFAULT_BPFFS, isBpffs } from '../bpffs.ts';
import { possibleCpus } from '../process/cpus.ts';
import { type Capability, effectiveCapabilities, lockedMemoryLimit } from '../process/rights.ts';

/** What of the system, beside the kernel's features, decides what bpf(2) can do and how fast. */
export interface Environment {
  /** As uname(2) has it: `6.18.0-1-amd64`. */
  readonly kernelRelease: string;
  readonly architecture: NodeJS.Architecture;
  readonly possibleCpus: number;
  /** Whether programs are compiled to machine code rather than interpreted. */
  readonly jit: 'on' | 'off' | 'unknown';
  /** Whether the run times of all programs are counted, which costs each run two clock readings. */
  readonly statistics: boolean;
  /** Whether processes without rights may load programs: a risk, and nothing that Sluice needs. */
  readonly unprivilegedBpf: boolean | undefined;
  readonly capabilities: Record<Capability, boolean>;
  /** Bytes, Infinity for no limit. Matters to kernels before 5.11. */
  readonly lockedMemoryLimit: number;
  readonly kernelBtf: boolean;
  /** Whether a BPF file system is mounted at its usual place, in the mount namespace of this process. */
  readonly bpffsMounted: boolean;
}

/** Looks at the running system. */
export function readEnvironment(): Environment {
  const unprivileged = readSetting('kernel/unprivileged_bpf_disabled');
  return {
    kernelRelease: release(),
    architecture: process.arch,
    possibleCpus: possibleCpus(),
    jit: readJit(),
    statistics: readSetting('kernel/bpf_stats_enabled') === '1',
    unprivilegedBpf: unprivileged === undefined ? undefined : unprivileged === '0',
    capabilities: effectiveCapabilities(),
    lockedMemoryLimit: lockedMemoryLimit(),
    kernelBtf: existsSync('/sys/kernel/btf/vmlinux'),
    bpffsMounted: isBpffs(DEFAULT_BPFFS),
  };
}

function readJit(): Environment['jit'] {
  const value = readSetting('net/core/bpf_jit_enable');
  if (value === undefined) return 'unknown';
  return value === '0' ? 'off' : 'on';
}

function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
