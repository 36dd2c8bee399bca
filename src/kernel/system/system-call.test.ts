import { describe, expect, it } from 'vitest';
import { errnoName } from './errno.ts';
import { SystemCallError, systemCall } from './system-call.ts';

describe('the error of a system call', () => {
  it('has the call, what it was about, the name of the errno and what it means', () => {
    const error = new SystemCallError({
      call: 'bpf(BPF_MAP_UPDATE_ELEM)',
      object: 'map "blocked"',
      errno: 7,
      code: 'kernel/map-full',
      detail: 'the map is full: 1,024 entries',
    });
    expect(error.message).toBe('bpf(BPF_MAP_UPDATE_ELEM) on map "blocked": E2BIG (the map is full: 1,024 entries)');
    expect(error).toMatchObject({ errno: 7, errnoName: 'E2BIG', object: 'map "blocked"' });
    expect(error.problems[0]?.code).toBe('kernel/map-full');
  });

  it('says what is needed where a right is missing', () => {
    const error = new SystemCallError({ call: 'bpf(BPF_PROG_LOAD)', errno: 1 });
    expect(error.message).toMatch(/^bpf\(BPF_PROG_LOAD\): EPERM \(.+\)$/);
    expect(error.problems[0]?.code).toBe('kernel/no-permission');
  });

  it('is thrown with what the kernel answered', () => {
    expect(() => systemCall('setns', [-1, 0], 'network namespace')).toThrow('setns on network namespace: EBADF');
  });
});

it.each([
  [1, 'EPERM'],
  [95, 'EOPNOTSUPP'],
  [11, 'EAGAIN'],
  [524, 'ENOTSUPP'],
  [4095, 'errno 4095'],
])('errno %i is called %s', (value, name) => {
  expect(errnoName(value)).toBe(name);
});
