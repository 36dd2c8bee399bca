import { SluiceError } from '../../diagnostics/problem.ts';
import { openPinnedObject, pinObject } from '../bpffs.ts';
import { bpf, bpfError, kernelName, objectInfo, tryBpf } from '../system/bpf.ts';
import { objectIdAttr, programInfo, programLoadAttr } from '../system/bpf-attr.ts';
import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import { errno } from '../system/errno.ts';
import { cString, type EncodedStruct, textOf } from '../system/struct.ts';
import { programTypeOf } from '../system/type-names.ts';
import { type AttachType, attachTypes, type ProgramType, programTypes } from '../system/uapi-bpf.ts';
import { VerifierError } from './verifier-error.ts';

/** Names and types of a program's functions, and where its instructions come from, as the kernel's BTF has them. */
export interface ProgramBtf {
  readonly fd: number;
  /** Records of `struct bpf_func_info`, one a function, by instruction. */
  readonly functions: { readonly recordSize: number; readonly records: Uint8Array };
  /** Records of `struct bpf_line_info`. */
  readonly lines?: { readonly recordSize: number; readonly records: Uint8Array };
}

export interface ProgramSpec {
  readonly type: ProgramType;
  /** The kernel keeps 15 characters. */
  readonly name: string;
  /** Instructions of 8 bytes, with map descriptors in place. */
  readonly code: Uint8Array;
  /** `GPL` where left out: some kernel functions can only be called under it. */
  readonly license?: string;
  readonly expectedAttachType?: AttachType;
  /** BPF_F_*, or-ed: BPF_F_XDP_HAS_FRAGS for a program that takes multi-buffer frames. */
  readonly flags?: number;
  /** For tp_btf and the like: the BTF id, in the kernel's BTF, of what the program is attached to. */
  readonly attachBtfId?: number;
  readonly btf?: ProgramBtf;
  /** BPF_LOG_*: 1 the walk, 2 with all registers, 4 only statistics. 0, the fastest, where left out. */
  readonly logLevel?: number;
  /** Bytes at first; more are taken until the log fits. */
  readonly logSize?: number;
}

/** A program in the kernel. */
export interface Program extends Descriptor {
  readonly type: ProgramType;
  readonly name: string;
  /** The kernel's number for the program, which `bpftool prog show id` takes. */
  readonly id: number;
  /** What the verifier wrote, where `logLevel` asked for it. */
  readonly log: string;
  pin(path: string): void;
}

const DEFAULT_LOG_SIZE = 1 << 20;
const MAX_LOG_SIZE = 1 << 28;
const INSTRUCTION_SIZE = 8;
const MAX_ATTEMPTS = 100;
/** BPF_COMPLEXITY_LIMIT_INSNS of the kernel: what is longer is refused without a log. */
const MAX_INSTRUCTIONS = 1_000_000;

/**
 * Loads a program. The log costs the verifier time, so it is only asked for (by a second load) when the program has
 * been refused, unless `logLevel` is given.
 * @throws VerifierError with the reason and the whole log
 * @throws SystemCallError when it is not the program that is wrong
 */
export function loadProgram(spec: ProgramSpec): Program {
  const level = spec.logLevel ?? 0;
  const { result, log } = level === 0 ? load(spec, 0, 0) : loadWithLog(spec, level);
  if (result >= 0) return programOf(ownDescriptor(result, describe(spec.name)), spec.type, spec.name, log);
  throw refusal(spec, -result, log);
}

function load(spec: ProgramSpec, logLevel: number, logSize: number): { result: number; log: string } {
  const buffer = logSize === 0 ? undefined : new Uint8Array(logSize);
  const attr = encode(spec, logLevel, buffer);
  let result = tryBpf('BPF_PROG_LOAD', attr);
  // The verifier gives up when a signal is pending: a timer, a profiler, a terminal that changes its size.
  for (let attempt = 1; result === -errno.EAGAIN && attempt < MAX_ATTEMPTS; attempt++) {
    result = tryBpf('BPF_PROG_LOAD', attr);
  }
  return { result, log: buffer === undefined ? '' : textOf(buffer) };
}

function encode(spec: ProgramSpec, logLevel: number, log: Uint8Array | undefined): EncodedStruct {
  const { functions, lines } = spec.btf ?? {};
  return programLoadAttr.encode({
    prog_type: programTypes[spec.type],
    insn_cnt: spec.code.length / INSTRUCTION_SIZE,
    insns: spec.code,
    license: cString(spec.license ?? 'GPL'),
    log_level: logLevel,
    log_size: log?.length ?? 0,
    log_buf: log,
    prog_flags: spec.flags ?? 0,
    prog_name: kernelName(spec.name),
    expected_attach_type: spec.expectedAttachType === undefined ? 0 : attachTypes[spec.expectedAttachType],
    prog_btf_fd: spec.btf?.fd ?? 0,
    func_info_rec_size: functions?.recordSize ?? 0,
    func_info: functions?.records,
    func_info_cnt: functions === undefined ? 0 : functions.records.length / functions.recordSize,
    line_info_rec_size: lines?.recordSize ?? 0,
    line_info: lines?.records,
    line_info_cnt: lines === undefined ? 0 : lines.records.length / lines.recordSize,
    attach_btf_id: spec.attachBtfId ?? 0,
  });
}

function loadWithLog(spec: ProgramSpec, level: number): { result: number; log: string } {
  for (let size = spec.logSize ?? DEFAULT_LOG_SIZE; ; size *= 8) {
    const attempt = load(spec, level, size);
    // The kernel keeps the end of a log that does not fit, which is where the reason stands (older ones the start).
    if (attempt.result !== -errno.ENOSPC || size * 8 > MAX_LOG_SIZE) return attempt;
  }
}

function refusal(spec: ProgramSpec, value: number, existingLog: string): Error {
  const count = spec.code.length / INSTRUCTION_SIZE;
  if (value === errno.E2BIG && count > MAX_INSTRUCTIONS) {
    const reason = `${count.toLocaleString('en')} instructions are more than the kernel takes`;
    return new VerifierError(spec.name, value, '', reason);
  }
  // What has nothing to do with the program is not worth a second attempt.
  const log = existingLog !== '' ? existingLog : loadForLog(spec);
  if (log !== '') return new VerifierError(spec.name, value, log);
  return bpfError('BPF_PROG_LOAD', value, describe(spec.name), explain(spec, value));
}

function loadForLog(spec: ProgramSpec): string {
  const { result, log } = loadWithLog(spec, 1);
  if (result >= 0) ownDescriptor(result, describe(spec.name)).close();
  return log;
}

function explain(spec: ProgramSpec, value: number) {
  if (value !== errno.EINVAL) return undefined;
  return { detail: `the kernel does not take this type (${spec.type}), attach type, flag or attribute` };
}

/** Opens the program that is pinned at `path`. */
export function openPinnedProgram(path: string): Program {
  return adoptProgram(openPinnedObject(path), path);
}

/** Opens the program with this id; needs CAP_SYS_ADMIN. */
export function programFromId(id: number): Program {
  const object = `program ${id}`;
  const fd = bpf('BPF_PROG_GET_FD_BY_ID', objectIdAttr.encode({ id }), object, (value) =>
    value === errno.ENOENT ? { detail: 'no program has this id' } : undefined,
  );
  return adoptProgram(ownDescriptor(fd, object), object);
}

function adoptProgram(descriptor: Descriptor, where: string): Program {
  try {
    const info = objectInfo(programInfo, descriptor.fd, where);
    const type = programTypeOf(info.type);
    if (type === undefined) {
      const message = `${where} is a program of the unknown type ${info.type}`;
      throw new SluiceError({ code: 'kernel/not-supported', message });
    }
    return programOf(descriptor, type, textOf(info.name), '');
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

function programOf(descriptor: Descriptor, type: ProgramType, name: string, log: string): Program {
  const object = describe(name);
  let id: number | undefined;
  return {
    type,
    name,
    log,
    get fd() {
      return descriptor.fd;
    },
    get id() {
      id ??= objectInfo(programInfo, descriptor.fd, object).id;
      return id;
    },
    pin: (path) => pinObject(descriptor.fd, path, object),
    close: descriptor.close,
    [Symbol.dispose]: descriptor.close,
  };
}

function describe(name: string): string {
  return `program "${name}"`;
}
