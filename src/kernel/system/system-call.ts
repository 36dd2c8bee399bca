import { SluiceError } from '../../diagnostics/problem.ts';
import type { ErrorCode } from '../../diagnostics/registry.ts';
import { errno, errnoName } from './errno.ts';
import { addressOf, rawSyscall, whileHolding } from './ffi.ts';
import { type SystemCall, systemCallNumbers } from './system-call-numbers.ts';

/** What is known of a system call that the kernel refused. */
export interface Refusal {
  /** As strace would name it: `bpf(BPF_MAP_UPDATE_ELEM)`. */
  readonly call: string;
  /** What it was about: `map "blocked"`. */
  readonly object?: string | undefined;
  /** Positive. */
  readonly errno: number;
  /** What the errno means for this call and object: `the map is full: 1,024 entries`. */
  readonly detail?: string | undefined;
  /** `kernel/system-call`, or what follows from the errno, where left out. */
  readonly code?: ErrorCode | undefined;
  readonly help?: string | undefined;
}

const codeByErrno: Partial<Record<number, ErrorCode>> = {
  [errno.EPERM]: 'kernel/no-permission',
  [errno.ENOSYS]: 'kernel/not-supported',
};

/** A system call that the kernel refused, with the call, the object and the errno's name. */
export class SystemCallError extends SluiceError {
  readonly call: string;
  readonly object: string | undefined;
  readonly errno: number;
  /** `E2BIG`; `errno 4095` where it has no name. */
  readonly errnoName: string;

  constructor(refusal: Refusal) {
    const name = errnoName(refusal.errno);
    const about = refusal.object === undefined ? '' : ` on ${refusal.object}`;
    const detail = refusal.detail ?? defaultDetail(refusal.errno);
    super({
      code: refusal.code ?? codeByErrno[refusal.errno] ?? 'kernel/system-call',
      message: `${refusal.call}${about}: ${name}${detail === undefined ? '' : ` (${detail})`}`,
      ...(refusal.help === undefined ? {} : { help: refusal.help }),
    });
    this.call = refusal.call;
    this.object = refusal.object;
    this.errno = refusal.errno;
    this.errnoName = name;
  }
}

function defaultDetail(value: number): string | undefined {
  switch (value) {
    case errno.EPERM:
      return process.geteuid?.() === 0
        ? 'root, but without the capability: a container or a lockdown withholds it'
        : 'needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON';
    case errno.ENOMEM:
      return 'the kernel has no memory for it, or the memory cgroup or RLIMIT_MEMLOCK is too small';
    case errno.ENOSYS:
      return 'this kernel is built without it';
    default:
      return undefined;
  }
}

/** The number of a system call on this machine. */
export function systemCallNumber(call: SystemCall): number {
  if (systemCallNumbers === undefined) {
    throw new SluiceError({
      code: 'kernel/not-supported',
      message: `processor architecture ${process.arch}: only x64 and arm64 are known`,
    });
  }
  return systemCallNumbers[call];
}

/** Bytes are passed as their address. */
export type Argument = number | Uint8Array;

/**
 * Makes a system call with up to six arguments and returns its result.
 * @param object what the call is about, for the error: `interface "eth0"`.
 * @throws SystemCallError
 */
export function systemCall(call: SystemCall, args: readonly Argument[], object?: string): number {
  const result = trySystemCall(call, args);
  if (result < 0) throw new SystemCallError({ call, object, errno: -result });
  return result;
}

/** The same, with the negated errno as the result of a call that is refused. */
export function trySystemCall(call: SystemCall, args: readonly Argument[]): number {
  const number = systemCallNumber(call);
  const words = args.map((argument) => (typeof argument === 'number' ? argument : addressOf(argument)));
  return whileHolding(args, () => rawSyscall(number, ...words));
}
