import {
  createAssembler,
  kernelFunctions,
  link,
  patchMaps,
  R0,
  R1,
  R2,
  R3,
  R6,
  R7,
  R8,
  R9,
} from '../../src/asm/index.ts';
import {
  BPF_F_MMAPABLE,
  createMapHandle,
  createProgramArray,
  loadProgram,
  mapMemory,
  type Program,
  testRun,
} from '../../src/kernel/index.ts';
import type { Header } from '../../src/policy/testing/classbench.ts';
import { changing, commonFrame, type Family, headerBytes } from '../../src/policy/testing/header-frames.ts';

/** How many headers a run goes through, a power of two: all of them, so that caches are as cold as in life, or few. */
export const COLD = 131_072;
export const HOT = 1_024;

/** Bytes of a record: no more than needed, for they take room in the caches that a driver's buffers would have. */
const recordBytes = { v4: 16, v6: 40 } as const;
const REPEAT = 400_000;
const XDP_TX = 3;
/** Knuth's multiplicative hash: an order in which no header is next to the one before. */
const SCRAMBLE = 0x9e3779b1 | 0;

/** Headers in memory that programs can read. */
export interface HeaderArray {
  readonly family: Family;
  /** Nanoseconds that a packet takes in `program`, over one that does nothing, and the header's way into the frame. */
  measure(program: Program, headers: number): number;
  /** Descriptors of what `pickerProgram` reads, by name. */
  readonly maps: Readonly<Record<string, number>>;
  close(): void;
}

/** @param headers as many as `COLD` */
export function createHeaderArray(headers: readonly Header[], family: Family): HeaderArray {
  const map = createMapHandle({
    type: 'array',
    name: 'headers',
    keySize: 4,
    valueSize: COLD * recordBytes[family],
    maxEntries: 1,
    flags: BPF_F_MMAPABLE,
  });
  const memory = mapMemory(map);
  const bytes = new Uint8Array(memory.buffer);
  headers.forEach((header, i) => {
    bytes.set(headerBytes(header, family), i * recordBytes[family]);
  });
  memory.close();
  // Its only word counts the packets, which names the next header.
  const next = createMapHandle({ type: 'array', name: 'next', keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 });
  const empty = emptyProgram();

  function runNs(target: Program, count: number): number {
    const targets = createProgramArray({ name: 'target', maxEntries: 1 });
    const picker = pickerProgram(family, count, { headers: map.fd, next: next.fd, target: targets.handle.fd }, 'go on');
    try {
      targets.set(0, target);
      return testRun(picker, { data: commonFrame(family), repeat: REPEAT }).durationNs;
    } finally {
      picker.close();
      targets.close();
    }
  }

  return {
    family,
    maps: { headers: map.fd, next: next.fd },
    measure: (program, count) => runNs(program, count) - runNs(empty, count),
    close() {
      for (const one of [map, next, empty]) one.close();
    },
  };
}

/** Writes the next of `count` headers into the frame and goes on to the program in `target`, or sends it. */
export function pickerProgram(
  family: Family,
  count: number,
  maps: Readonly<Record<string, number>>,
  then: 'go on' | 'send',
): Program {
  const a = createAssembler('pick_header');
  a.mov(R6, R1);
  a.load('u32', R7, R6, 0);
  a.load('u32', R2, R6, 4);
  a.mov(R3, R7);
  a.add(R3, Math.max(...changing[family].map(({ offset, length }) => offset + length)));
  a.jumpIf(R3, 'gt', R2, 'out');
  a.loadMapValue(R9, 'next', 0);
  a.load('u64', R1, R9, 0);
  a.mov(R3, R1);
  a.add(R3, 1);
  a.mul32(R1, SCRAMBLE >>> 0);
  a.and32(R1, count - 1);
  a.mul(R1, recordBytes[family]);
  a.loadMapValue(R8, 'headers', 0);
  a.add(R8, R1);
  let at = 0;
  for (const { offset, length } of changing[family]) {
    const size = ({ 1: 'u8', 2: 'u16' } as const)[length as number] ?? 'u32';
    for (let done = 0; done < length; done += Math.min(4, length)) {
      a.load(size, R1, R8, at + done);
      a.store(size, R7, offset + done, R1);
    }
    at += length;
  }
  // The next header is only known when this one has arrived: what is measured behind does not wait for it again.
  a.and(R1, 0);
  a.add(R3, R1);
  a.store('u64', R9, 0, R3);
  if (then === 'go on') {
    a.mov(R1, R6);
    a.loadMap(R2, 'target');
    a.mov(R3, 0);
    a.call(kernelFunctions.tail_call);
  }
  a.label('out');
  a.mov(R0, then === 'send' ? XDP_TX : 0);
  a.exit();
  const code = patchMaps(link(a.finish(), []), (name) => maps[name]);
  return loadProgram({ type: 'xdp', name: 'pick_header', code });
}

function emptyProgram(): Program {
  const a = createAssembler('empty');
  a.mov(R0, 1);
  a.exit();
  return loadProgram({ type: 'xdp', name: 'empty', code: link(a.finish(), []).code });
}
