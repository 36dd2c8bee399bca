import { afterEach, describe, expect, it } from 'vitest';
import {
  allowedCpus,
  currentCpu,
  features,
  onCpu,
  openDescriptorNames,
  probeFeatures,
  probeKernelFunction,
  probeMap,
  probeProgram,
  readEnvironment,
} from '../../src/kernel/index.ts';

afterEach(() => {
  expect(openDescriptorNames()).toEqual([]);
});

describe('feature probes', () => {
  it('find everything that the kernel is new enough for', () => {
    expect(probeFeatures().filter((feature) => feature.unexpected)).toEqual([]);
    expect(probeFeatures()).toHaveLength(features.length);
  });

  it('tell what is missing, and what the kernel answered', () => {
    expect(probeKernelFunction('xdp', 9999)).toMatchObject({ supported: false });
    expect(probeKernelFunction('xdp', 9999).detail).toContain('invalid func unknown#9999');
    // bpf_skb_load_bytes
    expect(probeKernelFunction('xdp', 26).supported).toBe(false);
    expect(probeKernelFunction('sched_cls', 26).supported).toBe(true);
    expect(probeMap({ type: 'array', keySize: 5, valueSize: 4, maxEntries: 1 }).supported).toBe(false);
    expect(probeProgram('xdp', { flags: 1 << 20 }).supported).toBe(false);
  });

  it('call a feature unexpected only where the kernel is new enough', () => {
    const missing = { name: 'x', sinceKernel: '6.0', probe: () => ({ supported: false, detail: 'EINVAL' }) };
    expect(probeFeatures([missing], [6, 1])[0]?.unexpected).toBe(true);
    expect(probeFeatures([missing], [5, 15])[0]?.unexpected).toBe(false);
  });
});

describe('the environment', () => {
  it('is that of the machine', () => {
    const environment = readEnvironment();
    expect(environment.possibleCpus).toBeGreaterThan(0);
    expect(environment.capabilities.CAP_BPF).toBe(true);
    expect(environment.lockedMemoryLimit).toBeGreaterThan(0);
  });
});

describe('the CPU of the thread', () => {
  it('can be chosen for one action', () => {
    const before = allowedCpus();
    for (const cpu of before) {
      expect(onCpu(() => [currentCpu(), ...allowedCpus()], cpu)).toEqual([cpu, cpu]);
    }
    expect(allowedCpus()).toEqual(before);
    expect(() => onCpu(() => {}, 1023)).toThrow('sched_setaffinity on CPUs 1023: EINVAL');
  });
});
