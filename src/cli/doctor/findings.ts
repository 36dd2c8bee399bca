import { type Environment, type ProbedFeature, probeFeatures, readEnvironment } from '../../kernel/index.ts';
import { type FeatureUse, featureUses } from './feature-uses.ts';

/** One thing that Sluice looks for on a machine. */
export interface Finding {
  readonly name: string;
  /** `missing` is `warn` where Sluice can do without. */
  readonly state: 'ok' | 'warn' | 'missing' | 'untried';
  /** What Sluice does with it. */
  readonly use: string;
  /** What was found. */
  readonly detail: string;
  /** What to do about it; null where nothing has to be done. */
  readonly mend: string | null;
}

export interface Findings {
  readonly environment: Environment;
  readonly system: readonly Finding[];
  readonly features: readonly Finding[];
  /** Nothing that Sluice cannot do without is missing. */
  readonly ok: boolean;
}

export function findAll(): Findings {
  const environment = readEnvironment();
  const system = findSystem(environment);
  const features = probeFeatures().map((feature) => findFeature(feature, featureUses[feature.name]));
  const ok =
    system.every(({ state }) => state !== 'missing') &&
    features.every(({ name, state }) => state === 'ok' || state === 'warn' || !featureUses[name]?.required);
  return { environment, system, features, ok };
}

function findSystem({ capabilities, kernelRelease, jit, bpffsMounted, unprivilegedBpf }: Environment): Finding[] {
  const lacking = Object.entries(capabilities).filter(([name, has]) => !has && name !== 'CAP_SYS_ADMIN');
  const old = isOlder(kernelRelease, 5, 15);
  return [
    {
      name: 'kernel',
      use: 'everything: 5.15 is the oldest that will do',
      detail: kernelRelease,
      ...(old ? missing('install a newer kernel') : OK),
    },
    {
      name: 'rights',
      use: 'loading programs and attaching them',
      detail: lacking.length === 0 ? 'all' : `without ${lacking.map(([name]) => name).join(', ')}`,
      ...(lacking.length > 0 ? missing('run it as root, or give the process these capabilities') : OK),
    },
    {
      name: 'JIT',
      use: 'programs as machine code, many times faster',
      detail: jit,
      ...(jit === 'off' ? warn('sysctl -w net.core.bpf_jit_enable=1') : OK),
    },
    {
      name: 'BPF file system',
      use: 'what is in force to outlive its process',
      detail: bpffsMounted ? 'mounted on /sys/fs/bpf' : 'not mounted',
      ...(bpffsMounted ? OK : warn('`sluice up` mounts it; for good: mount -t bpf bpf /sys/fs/bpf at every start')),
    },
    {
      name: 'unprivileged BPF',
      use: 'nothing: it is safer off',
      detail: unprivilegedBpf === undefined ? 'unknown' : unprivilegedBpf ? 'on' : 'off',
      ...(unprivilegedBpf ? warn('sysctl -w kernel.unprivileged_bpf_disabled=1') : OK),
    },
  ];
}

const OK = { state: 'ok', mend: null } as const;
const warn = (mend: string) => ({ state: 'warn', mend }) as const;
const missing = (mend: string) => ({ state: 'missing', mend }) as const;

function isOlder(release: string, major: number, minor: number): boolean {
  const [, foundMajor = 0, foundMinor = 0] = (/^(\d+)\.(\d+)/.exec(release) ?? []).map(Number);
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
}

function findFeature(feature: ProbedFeature, use: FeatureUse | undefined): Finding {
  const { name, supported, detail, sinceKernel, unexpected } = feature;
  const finding = { name, detail, use: use?.what ?? 'nothing in this version' };
  if (supported) return { ...finding, ...OK };
  if (supported === undefined) return { ...finding, state: 'untried', detail: 'not tried', mend: 'run it as root' };
  const mend = unexpected
    ? `the kernel is new enough (${sinceKernel}) but was built without it, or a security module withholds it`
    : `Linux ${sinceKernel} or newer has it`;
  return { ...finding, ...(use?.required ? missing(mend) : warn(use?.without ? `${use.without}; ${mend}` : mend)) };
}
