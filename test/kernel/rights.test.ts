import { afterEach, describe, expect, it } from 'vitest';
import { R0 } from '../../src/asm/index.ts';
import { u32 } from '../../src/kernel/codec.ts';
import { createMap, loadProgram, mountBpffs, openDescriptorNames, probeProgram } from '../../src/kernel/index.ts';
import { caught } from './caught.ts';
import { assemble } from './programs.ts';

/** The user nobody, who has no rights at all. */
const NOBODY = 65_534;

function asNobody<T>(action: () => T): T {
  process.seteuid?.(NOBODY);
  try {
    return action();
  } finally {
    process.seteuid?.(0);
  }
}

afterEach(() => {
  expect(openDescriptorNames()).toEqual([]);
});

describe('without rights', () => {
  const code = assemble((asm) => {
    asm.mov(R0, 2);
    asm.exit();
  });

  it('a program is refused, with what is needed', () => {
    const error = caught(() => asNobody(() => loadProgram({ type: 'xdp', name: 'pass', code })));
    expect(error.problems[0]?.code).toBe('kernel/no-permission');
    expect(error.message).toBe(
      'bpf(BPF_PROG_LOAD) on program "pass": EPERM (needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)',
    );
  });

  it('a map is refused, with what is needed', () => {
    const spec = { type: 'lru_hash', name: 'flows', key: u32, value: u32, maxEntries: 1 } as const;
    const error = caught(() => asNobody(() => createMap(spec)));
    expect(error.problems[0]?.code).toBe('kernel/no-permission');
    expect(error.message).toContain('bpf(BPF_MAP_CREATE) on map "flows": EPERM (needs root');
  });

  it('a BPF file system cannot be mounted', () => {
    const error = caught(() => asNobody(() => mountBpffs('/tmp')));
    expect(error.problems[0]?.code).toBe('kernel/no-permission');
  });

  it('a probe says that it could not try, not that the feature is missing', () => {
    expect(asNobody(() => probeProgram('xdp'))).toMatchObject({ supported: undefined });
  });
});
