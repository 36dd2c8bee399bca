import { objectInfoAttr } from './bpf-attr.ts';
import { rawSyscall, whileHolding } from './ffi.ts';
import type { EncodedStruct, Fields, Struct, StructResult } from './struct.ts';
import { type Refusal, SystemCallError, systemCallNumber } from './system-call.ts';
import { BPF_OBJ_NAME_LEN, type Command, commands } from './uapi-bpf.ts';

/** What an errno means for one call: everything of a refusal but the call and the errno themselves. */
export type Explanation = Omit<Refusal, 'call' | 'errno' | 'object'>;

/** bpf(2). Returns its result, or the negated errno. */
export function tryBpf(command: Command, attr: EncodedStruct): number {
  const number = systemCallNumber('bpf');
  return whileHolding(attr, () => rawSyscall(number, commands[command], attr.address, attr.bytes.length));
}

/**
 * bpf(2).
 * @param object what the call is about: `map "blocked"`.
 * @param explain what an errno means here; undefined for the general text.
 * @throws SystemCallError
 */
export function bpf(
  command: Command,
  attr: EncodedStruct,
  object?: string,
  explain?: (errno: number) => Explanation | undefined,
): number {
  const result = tryBpf(command, attr);
  if (result < 0) throw bpfError(command, -result, object, explain?.(-result));
  return result;
}

export function bpfError(command: Command, errno: number, object?: string, explanation?: Explanation): SystemCallError {
  return new SystemCallError({ call: `bpf(${command})`, object, errno, ...explanation });
}

/** Asks the kernel about the object behind a descriptor. A kernel that knows fewer fields leaves the others zero. */
export function objectInfo<F extends Fields>(layout: Struct<F>, fd: number, object: string): StructResult<F> {
  const bytes = new Uint8Array(layout.size);
  const attr = objectInfoAttr.encode({ bpf_fd: fd, info_len: bytes.length, info: bytes });
  bpf('BPF_OBJ_GET_INFO_BY_FD', attr, object);
  return layout.decode(bytes);
}

/** A name as the kernel takes it: 15 of letters, digits, `_` and `.`. Others become `_`, what is longer is cut. */
export function kernelName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.]/g, '_').slice(0, BPF_OBJ_NAME_LEN - 1);
}
