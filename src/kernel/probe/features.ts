import { existsSync } from 'node:fs';
import { kernelFunctions } from '../../asm/index.ts';
import { isAtLeast, type KernelVersion, kernelVersion } from '../process/kernel-version.ts';
import { BPF_F_MMAPABLE, BPF_F_XDP_HAS_FRAGS, type MapType, type ProgramType } from '../system/uapi-bpf.ts';
import { type ProbeOutcome, probeKernelFunction, probeLiveFrames, probeMap, probeProgram, probeTcx } from './probes.ts';

/** Something that the kernel may be able to do. */
export interface Feature {
  /** `XDP programs`. */
  readonly name: string;
  /** The release of Linux that brought it: `5.18`. A vendor may have put it into an older one. */
  readonly sinceKernel: string;
  /** Tries it, leaving nothing behind. */
  readonly probe: () => ProbeOutcome;
}

export interface ProbedFeature extends ProbeOutcome {
  readonly name: string;
  readonly sinceKernel: string;
  /** It is missing though the kernel is new enough: built without it, or withheld by a policy of the system. */
  readonly unexpected: boolean;
}

const programs: readonly (readonly [ProgramType, string])[] = [
  ['xdp', '4.8'],
  ['sched_cls', '4.1'],
  ['cgroup_skb', '4.10'],
];

const maps: readonly (readonly [MapType, string, keySize: number, valueSize: number])[] = [
  ['hash', '3.19', 4, 4],
  ['lru_hash', '4.10', 4, 4],
  ['percpu_hash', '4.6', 4, 4],
  ['percpu_array', '4.6', 4, 4],
  ['lpm_trie', '4.11', 8, 4],
  ['prog_array', '4.2', 4, 4],
  ['devmap', '4.14', 4, 4],
  ['xskmap', '4.18', 4, 4],
  ['bloom_filter', '5.16', 0, 4],
];

const functions: readonly (readonly [ProgramType, keyof typeof kernelFunctions, string])[] = [
  ['xdp', 'jiffies64', '5.6'],
  ['xdp', 'ktime_get_coarse_ns', '5.11'],
  ['xdp', 'loop', '5.17'],
  ['xdp', 'xdp_load_bytes', '5.18'],
  ['xdp', 'tcp_raw_gen_syncookie_ipv4', '6.0'],
  ['xdp', 'tcp_raw_check_syncookie_ipv6', '6.0'],
];

const PAGE = 65_536;

/** What Sluice uses or would use, cheapest first. */
export const features: readonly Feature[] = [
  ...programs.map(([type, sinceKernel]) => ({
    name: `programs of type ${type}`,
    sinceKernel,
    probe: () => probeProgram(type),
  })),
  {
    name: 'XDP on multi-buffer frames',
    sinceKernel: '5.18',
    probe: () => probeProgram('xdp', { flags: BPF_F_XDP_HAS_FRAGS }),
  },
  { name: 'TCX links', sinceKernel: '6.6', probe: probeTcx },
  { name: 'live frames in test runs', sinceKernel: '5.18', probe: probeLiveFrames },
  ...maps.map(([type, sinceKernel, keySize, valueSize]) => ({
    name: `maps of type ${type}`,
    sinceKernel,
    probe: () => probeMap({ type, keySize, valueSize, maxEntries: 1 }),
  })),
  {
    name: 'ring buffers',
    sinceKernel: '5.8',
    probe: () => probeMap({ type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: PAGE }),
  },
  {
    name: 'arrays in shared memory',
    sinceKernel: '5.5',
    probe: () => probeMap({ type: 'array', keySize: 4, valueSize: 4, maxEntries: 1, flags: BPF_F_MMAPABLE }),
  },
  ...functions.map(([type, name, sinceKernel]) => ({
    name: `bpf_${name} in ${type}`,
    sinceKernel,
    probe: () => probeKernelFunction(type, kernelFunctions[name]),
  })),
  { name: 'type information (BTF) of the kernel', sinceKernel: '5.2', probe: probeBtf },
];

function probeBtf(): ProbeOutcome {
  const path = '/sys/kernel/btf/vmlinux';
  const supported = existsSync(path);
  return { supported, detail: supported ? path : `${path} does not exist: CONFIG_DEBUG_INFO_BTF is off` };
}

/** Tries features on the running kernel. */
export function probeFeatures(
  wanted: readonly Feature[] = features,
  version: KernelVersion = kernelVersion(),
): ProbedFeature[] {
  return wanted.map(({ name, sinceKernel, probe }) => {
    const outcome = probe();
    return {
      name,
      sinceKernel,
      ...outcome,
      unexpected: outcome.supported === false && isAtLeast(version, sinceKernel),
    };
  });
}
