import { bpf, objectInfo, tryBpf } from '../system/bpf.ts';
import { enableStatsAttr, objectIdAttr, objectInfoAttr, programInfo } from '../system/bpf-attr.ts';
import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import { errno } from '../system/errno.ts';
import { textOf } from '../system/struct.ts';
import { programTypeOf } from '../system/type-names.ts';
import { BPF_STATS_RUN_TIME, type Command, type ProgramType } from '../system/uapi-bpf.ts';

/** What the kernel knows of a loaded program. */
export interface ProgramInfo {
  readonly id: number;
  readonly type: ProgramType | undefined;
  readonly name: string;
  /** A hash of the instructions, in hexadecimal. */
  readonly tag: string;
  /** Instructions of 8 bytes as the verifier left them: dead code removed, helpers inlined. */
  readonly instructionCount: number;
  /** Bytes of machine code; 0 where it is interpreted. */
  readonly machineCodeSize: number;
  /** Instructions that the verifier walked, over all paths: a million is its limit. Since Linux 5.16, before it 0. */
  readonly verifiedInstructions: number;
  /** When it was loaded, nanoseconds since boot. */
  readonly loadedAtNs: bigint;
  readonly mapIds: readonly number[];
  /** While `enableStatistics` is in force: how often it ran, and for how long in all. */
  readonly runCount: bigint;
  readonly runTimeNs: bigint;
}

/** @param program an open program. */
export function readProgramInfo(program: { readonly fd: number; readonly name: string }): ProgramInfo {
  const object = `program "${program.name}"`;
  const info = objectInfo(programInfo, program.fd, object);
  return {
    id: info.id,
    type: programTypeOf(info.type),
    name: textOf(info.name),
    tag: Buffer.from(info.tag).toString('hex'),
    instructionCount: info.xlated_prog_len / 8,
    machineCodeSize: info.jited_prog_len,
    verifiedInstructions: info.verified_insns,
    loadedAtNs: info.load_time,
    mapIds: readMapIds(program.fd, info.nr_map_ids, object),
    runCount: info.run_cnt,
    runTimeNs: info.run_time_ns,
  };
}

/** The kernel writes the ids to where the struct points, and wants to be told the room: a second question. */
function readMapIds(fd: number, count: number, object: string): number[] {
  if (count === 0) return [];
  const ids = new Uint32Array(count);
  const question = programInfo.encode({ nr_map_ids: count, map_ids: new Uint8Array(ids.buffer) });
  const attr = objectInfoAttr.encode({ bpf_fd: fd, info_len: question.bytes.length, info: question.bytes });
  bpf('BPF_OBJ_GET_INFO_BY_FD', attr, object);
  return [...ids.subarray(0, programInfo.decode(question.bytes).nr_map_ids)];
}

/** Has the kernel count runs and run time of all programs until closed; that costs each run two clock readings. */
export function enableStatistics(): Descriptor {
  const fd = bpf('BPF_ENABLE_STATS', enableStatsAttr.encode({ type: BPF_STATS_RUN_TIME }));
  return ownDescriptor(fd, 'run-time statistics');
}

/** Ids of all programs in the kernel, ascending; needs CAP_SYS_ADMIN. */
export const programIds = (): Generator<number> => objectIds('BPF_PROG_GET_NEXT_ID');

/** Ids of all maps in the kernel, ascending; needs CAP_SYS_ADMIN. */
export const mapIds = (): Generator<number> => objectIds('BPF_MAP_GET_NEXT_ID');

/** Ids of all links in the kernel, ascending; needs CAP_SYS_ADMIN. */
export const linkIds = (): Generator<number> => objectIds('BPF_LINK_GET_NEXT_ID');

function* objectIds(command: Command): Generator<number> {
  for (let id = 0; ; ) {
    const attr = objectIdAttr.encode({ id });
    const result = tryBpf(command, attr);
    if (result === -errno.ENOENT) return;
    if (result < 0) bpf(command, attr);
    id = objectIdAttr.decode(attr.bytes).next_id;
    yield id;
  }
}
