import {
  type Assembler,
  createAssembler,
  kernelFunctions,
  link,
  patchMaps,
  R0,
  R1,
  R2,
  R3,
  R4,
  R5,
  R6,
  R10,
} from '../../src/asm/index.ts';
import { createMapHandle, type ProgramSpec } from '../../src/kernel/index.ts';

/** A program that the verifier must refuse, and what the one-line summary must say of it. */
export interface RefusedProgram {
  /** Name of the log in src/kernel/program/testdata/, and of the program. */
  readonly name: string;
  readonly type: ProgramSpec['type'];
  readonly license?: string;
  readonly write: (asm: Assembler) => void;
  /** The slot that is wrong, where the verifier says it. */
  readonly instruction: number | undefined;
  readonly reason: RegExp;
}

const exit = (asm: Assembler) => {
  asm.mov(R0, 0);
  asm.exit();
};

/** R0 is the first entry of the map `values`, or 0. */
const lookup = (asm: Assembler) => {
  asm.store('u32', R10, -4, 0);
  asm.loadMap(R1, 'values');
  asm.mov(R2, R10);
  asm.add(R2, -4);
  asm.call(kernelFunctions.map_lookup_elem);
};

export const refusedPrograms: readonly RefusedProgram[] = [
  {
    name: 'packet-out-of-bounds',
    type: 'xdp',
    write: (asm) => {
      asm.load('u32', R2, R1, 0);
      asm.load('u8', R0, R2, 12);
      asm.exit();
    },
    instruction: 1,
    reason: /^invalid access to packet, off=12 size=1.*; R2 offset is outside of the packet$/,
  },
  {
    name: 'uninitialized-register',
    type: 'xdp',
    write: (asm) => {
      asm.mov(R0, R5);
      asm.exit();
    },
    instruction: 0,
    reason: /^R5 !read_ok$/,
  },
  {
    name: 'endless-loop',
    type: 'xdp',
    write: (asm) => {
      asm.label('again');
      asm.jump('again');
      exit(asm);
    },
    instruction: 1,
    reason: /^unreachable insn 1$/,
  },
  {
    name: 'endless-loop-with-a-way-out',
    type: 'xdp',
    write: (asm) => {
      asm.load('u32', R6, R1, 12);
      asm.label('again');
      asm.jumpIf(R6, 'ne', 7, 'again');
      exit(asm);
    },
    instruction: 1,
    reason: /^infinite loop detected at insn 1$/,
  },
  {
    name: 'a-million-instructions',
    type: 'xdp',
    write: (asm) => {
      asm.mov(R6, 0);
      asm.label('again');
      asm.add(R6, 1);
      asm.jumpIf(R6, 'ne', 2_000_000, 'again');
      exit(asm);
    },
    instruction: undefined,
    reason: /^BPF program is too large\. Processed 1000001 insn$/,
  },
  {
    name: 'too-many-jumps',
    type: 'xdp',
    write: (asm) => {
      asm.load('u32', R6, R1, 12);
      for (let value = 0; value < 9000; value++) asm.jumpIf(R6, 'eq', value, 'out');
      asm.label('out');
      exit(asm);
    },
    instruction: undefined,
    reason: /^The sequence of 8193 jumps is too complex\.$/,
  },
  {
    name: 'unreleased-reference',
    type: 'sched_cls',
    write: (asm) => {
      for (const offset of [-8, -16]) asm.store('u64', R10, offset, 0);
      asm.mov(R2, R10);
      asm.add(R2, -12);
      asm.mov(R3, 12);
      asm.mov(R4, 0);
      asm.mov(R5, 0);
      asm.call(kernelFunctions.sk_lookup_tcp);
      exit(asm);
    },
    instruction: 9,
    reason: /Unreleased reference id=\d+ alloc_insn=7/,
  },
  {
    name: 'unknown-function',
    type: 'xdp',
    write: (asm) => {
      asm.call(9999);
      exit(asm);
    },
    instruction: 0,
    reason: /^invalid func unknown#9999$/,
  },
  {
    name: 'function-of-another-type',
    type: 'xdp',
    write: (asm) => {
      asm.call(kernelFunctions.skb_load_bytes);
      exit(asm);
    },
    instruction: 0,
    reason: /^program of this type cannot use helper bpf_skb_load_bytes#26$/,
  },
  {
    name: 'gpl-function',
    type: 'xdp',
    license: 'Proprietary',
    write: (asm) => {
      asm.call(kernelFunctions.ktime_get_ns);
      asm.call(kernelFunctions.trace_printk);
      exit(asm);
    },
    instruction: 1,
    reason: /^cannot call GPL-restricted function from non-GPL compatible program$/,
  },
  {
    name: 'wrong-argument',
    type: 'xdp',
    write: (asm) => {
      asm.mov(R1, 0);
      asm.call(kernelFunctions.map_lookup_elem);
      exit(asm);
    },
    instruction: 1,
    reason: /^R1 type=scalar expected=map_ptr$/,
  },
  {
    name: 'no-exit',
    type: 'xdp',
    write: (asm) => {
      asm.mov(R0, 0);
    },
    instruction: undefined,
    reason: /^last insn is not an exit or jmp$/,
  },
  {
    name: 'unreachable',
    type: 'xdp',
    write: (asm) => {
      exit(asm);
      exit(asm);
    },
    instruction: 2,
    reason: /^unreachable insn 2$/,
  },
  {
    name: 'stack-out-of-bounds',
    type: 'xdp',
    write: (asm) => {
      asm.store('u64', R10, -520, 1);
      exit(asm);
    },
    instruction: 0,
    reason: /^invalid write to stack R10 off=-520 size=8$/,
  },
  {
    name: 'unchecked-lookup',
    type: 'xdp',
    write: (asm) => {
      lookup(asm);
      asm.load('u64', R1, R0, 0);
      exit(asm);
    },
    instruction: 6,
    reason: /^R0 invalid mem access 'map_value_or_null'$/,
  },
  {
    name: 'map-value-out-of-bounds',
    type: 'xdp',
    write: (asm) => {
      lookup(asm);
      asm.jumpIf(R0, 'eq', 0, 'out');
      asm.load('u64', R1, R0, 8);
      asm.label('out');
      exit(asm);
    },
    instruction: 7,
    reason:
      /^invalid access to map value, value_size=8 off=8 size=8; R0 min value is outside of the allowed memory range$/,
  },
  {
    name: 'unbounded-packet-offset',
    type: 'xdp',
    write: (asm) => {
      asm.load('u32', R2, R1, 0);
      asm.load('u32', R3, R1, 4);
      asm.load('u32', R4, R1, 12);
      asm.add(R2, R4);
      asm.mov(R5, R2);
      asm.add(R5, 1);
      asm.jumpIf(R5, 'gt', R3, 'out');
      asm.load('u8', R0, R2, 0);
      asm.label('out');
      exit(asm);
    },
    instruction: 7,
    reason: /R2 offset is outside of the packet$/,
  },
  {
    name: 'context-out-of-bounds',
    type: 'xdp',
    write: (asm) => {
      asm.load('u32', R0, R1, 400);
      asm.exit();
    },
    instruction: 0,
    reason: /^invalid bpf_context access off=400 size=4$/,
  },
  {
    name: 'return-value-out-of-range',
    type: 'cgroup_skb',
    write: (asm) => {
      asm.mov(R0, 5);
      asm.exit();
    },
    instruction: 1,
    reason: /^At program exit the register R0 has .*should have been in \[0, 1\]$/,
  },
];

/** Loads what `loadProgram` needs for it, and lets `use` have it. */
export function withRefusedProgram<T>(
  { name, type, license, write }: RefusedProgram,
  use: (spec: ProgramSpec) => T,
): T {
  using values = createMapHandle({ type: 'hash', name: 'values', keySize: 4, valueSize: 8, maxEntries: 1 });
  const asm = createAssembler(name);
  write(asm);
  const code = patchMaps(link(asm.finish(), []), () => values.fd);
  return use({ name, type, code, ...(license === undefined ? {} : { license }) });
}
