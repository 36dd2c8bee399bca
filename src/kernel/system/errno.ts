import { constants } from 'node:os';

/** Errno values that the code reads by name. ENOTSUPP is the kernel's own: it has no name in libc. */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  ENOSYS: 38,
  ENOLINK: 67,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
  ESTALE: 116,
  ENOTSUPP: 524,
} as const;

const names = new Map<number, string>();
for (const [name, value] of [...Object.entries(constants.errno), ...Object.entries(errno)]) {
  if (!names.has(value)) names.set(value, name);
}
// The kernel answers with both names of 95; bpf(2) and rtnetlink mean this one.
names.set(errno.EOPNOTSUPP, 'EOPNOTSUPP');

/** The name of an errno value, `E2BIG` for 7; `errno 4095` where it has none. */
export function errnoName(value: number): string {
  return names.get(value) ?? `errno ${value}`;
}
