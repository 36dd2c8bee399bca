import { type Assembler, kernelFunctions, R0, R1, R2, R3, R4, R5, R8, R9, type Register } from '../asm/index.ts';
import { type RecordOptions, recordDepth, recordLayout } from './record.ts';
import { trieBits, trieKind } from './word.ts';

/** A set with records in the one value of an array map. */
export interface RecordsInMap {
  readonly map: string;
  readonly family: 'v4' | 'v6';
  readonly capacity: number;
  readonly records: RecordOptions;
}

/** Where it stands how many bytes a packet has: 32 bits, host byte order. Not a register that is overwritten. */
export interface LengthInMemory {
  readonly base: Register;
  readonly offset: number;
}

interface AddressInMemory {
  readonly base: Register;
  readonly hi: number;
  readonly lo: number;
}

/** The best match so far in the low half; while the clock is read, it stands in the high half and a record below. */
const BEST = R8;
const COUNTDOWN = R9;
const HALF = 32;

/**
 * Finds the longest member that covers the address and has not expired, counts, and jumps to `yes`; goes on where there
 * is none. Overwrites R0 to R5, R8 and R9.
 */
export function emitRecordLookup(
  asm: Assembler,
  set: RecordsInMap,
  address: AddressInMemory,
  yes: string,
  length?: LengthInMemory,
): void {
  const { records, family } = set;
  const v4 = family === 'v4';
  const layout = recordLayout(v4 ? 32 : 128, records);
  const label = (name: string): string => asm.uniqueLabel(name);
  const [next, step, leaf, matched] = [label('node'), label('step'), label('leaf'), label('matched')];
  const [other, done, no] = [label('other'), label('done'), label('not-in-set')];
  asm.comment(`${set.map}: ${set.capacity} words, records`);
  asm.mov(BEST, 0);
  asm.mov(COUNTDOWN, recordDepth[family]);
  asm.loadMapValue(R2, set.map, 0);
  if (v4) asm.load('u64', R1, address.base, address.lo);
  asm.load('u64', R3, R2, 0);

  // R1: the address or the half looked at, R2: the words, R3: the word at hand.
  asm.label(next);
  asm.mov32(R4, R3);
  asm.and32(R4, trieBits.kind.mask);
  asm.jumpIf32(R4, 'ne', trieKind.NODE, leaf);
  if (!v4) emitHalf();
  asm.mov(R4, R1);
  emitShift(R4);
  asm.mov32(R5, R3);
  asm.rsh32(R5, trieBits.mask.shift);
  asm.and32(R5, trieBits.mask.mask);
  asm.and(R4, R5);
  asm.rsh(R3, HALF);
  asm.add(R4, R3);
  wordAt(R4);
  asm.load('u64', R3, R4, 0);

  asm.label(step);
  asm.sub32(COUNTDOWN, 1);
  asm.jumpIf32(COUNTDOWN, 'ne', 0, next);
  asm.jump(done);

  asm.label(leaf);
  asm.jumpIf32(R4, 'eq', trieKind.NONE, done);
  if (records.timeToLive) {
    asm.mov(R5, R3);
    asm.rsh(R5, HALF);
    asm.lsh(BEST, HALF);
    asm.or(BEST, R5);
  }
  asm.jumpIf32(R4, 'eq', trieKind.ALL, matched);
  emitCompare();

  asm.label(matched);
  if (records.timeToLive) {
    recordOf(R4, BEST);
    asm.load('u64', R5, R4, layout.expiry * 8);
    const [alive, expired, both] = [label('alive'), label('expired'), label('either')];
    asm.jumpIf(R5, 'eq', 0, alive);
    asm.call(kernelFunctions.jiffies64);
    asm.loadMapValue(R2, set.map, 0);
    recordOf(R4, BEST);
    asm.load('u64', R5, R4, layout.expiry * 8);
    if (v4) asm.load('u64', R1, address.base, address.lo);
    asm.jumpIf(R5, 'le', R0, expired);
    asm.label(alive);
    asm.mov32(BEST, BEST);
    asm.jump(both);
    asm.label(expired);
    asm.rsh(BEST, HALF);
    asm.label(both);
  } else {
    asm.mov(BEST, R3);
    asm.rsh(BEST, HALF);
    recordOf(R4, BEST);
  }

  asm.load('u64', R4, R4, layout.inner * 8);
  asm.rsh(R4, HALF);
  asm.jumpIf(R4, 'eq', 0, done);
  wordAt(R4);
  asm.load('u64', R3, R4, 0);
  asm.jump(step);

  asm.label(other);
  if (records.timeToLive) asm.rsh(BEST, HALF);
  asm.label(done);
  if (records.timeToLive) asm.mov32(BEST, BEST);
  asm.jumpIf(BEST, 'eq', 0, no);
  if (records.counters) emitCount();
  asm.jump(yes);
  asm.label(no);

  /** index = &words[index]; the mask is what the verifier believes, the trie never points outside. */
  function wordAt(index: typeof R4): void {
    asm.and32(index, set.capacity - 1);
    asm.lsh32(index, 3);
    asm.add(index, R2);
  }
  /** into = the record at an index in the low half of `from`. Records stand at multiples of their size. */
  function recordOf(into: typeof R4, from: Register): void {
    asm.mov32(into, from);
    asm.and32(into, set.capacity - layout.words);
    asm.lsh32(into, 3);
    asm.add(into, R2);
  }
  function emitShift(value: typeof R4): void {
    asm.mov32(R5, R3);
    asm.rsh32(R5, trieBits.shift.shift);
    asm.and32(R5, trieBits.shift.mask);
    asm.rsh(value, R5);
  }
  /** R1 = the half of the address that the word speaks of. */
  function emitHalf(): void {
    asm.mov32(R4, R3);
    asm.rsh32(R4, trieBits.lowHalf.shift);
    asm.and32(R4, 1);
    asm.mul32(R4, address.lo - address.hi);
    asm.add(R4, address.base);
    asm.load('u64', R1, R4, address.hi);
  }
  /** Jumps to `other` unless the address lies in the prefix of the leaf in R3. */
  function emitCompare(): void {
    asm.mov(R5, R3);
    asm.rsh(R5, HALF);
    recordOf(R4, R5);
    if (v4) {
      asm.load('u32', R4, R4, 0);
      asm.xor(R4, R1);
      emitShift(R4);
      asm.jumpIf(R4, 'ne', 0, other);
      return;
    }
    const low = label('low-half');
    asm.load('u64', R1, address.base, address.hi);
    asm.load('u64', R5, R4, 0);
    asm.xor(R1, R5);
    asm.mov32(R5, R3);
    asm.and32(R5, 2 ** trieBits.lowHalf.shift);
    asm.jumpIf32(R5, 'ne', 0, low);
    emitShift(R1);
    asm.jumpIf(R1, 'ne', 0, other);
    asm.jump(matched);
    asm.label(low);
    asm.jumpIf(R1, 'ne', 0, other);
    asm.load('u64', R1, address.base, address.lo);
    asm.load('u64', R5, R4, 8);
    asm.xor(R1, R5);
    emitShift(R1);
    asm.jumpIf(R1, 'ne', 0, other);
  }
  /** R2 is where the words begin. */
  function emitCount(): void {
    recordOf(R4, BEST);
    asm.mov(R1, 1);
    asm.atomicAdd('u64', R4, layout.packets * 8, R1);
    if (length === undefined) return;
    asm.load('u32', R1, length.base, length.offset);
    asm.atomicAdd('u64', R4, layout.bytes * 8, R1);
  }
}
