import { type Assembler, R1, R2, R3, R4, R5, R8, R9, type Register } from '../asm/index.ts';
import type { RecordOptions } from './record.ts';
import { emitRecordLookup, type LengthInMemory } from './record-lookup.ts';
import { trieBits, trieDepth, trieKind } from './word.ts';

/** A set in the one value of an array map. */
export interface SetInMap {
  readonly map: string;
  readonly family: 'v4' | 'v6';
  /** Words of 8 bytes in the value, a power of two. */
  readonly capacity: number;
  /** What is kept of each member: without, as if nothing were. */
  readonly records?: RecordOptions;
}

/** Where an address stands in memory, in two halves of 8 bytes, host byte order: IPv4 in the low 32 bits of `lo`. */
export interface AddressInMemory {
  /** Not one of those that are overwritten. */
  readonly base: Register;
  /** Bytes from there. */
  readonly hi: number;
  readonly lo: number;
}

/**
 * Jumps to `yes` when the address is in the set, and goes on otherwise. Overwrites R1 to R5, R8 and R9; with records R0
 * as well. Where the set counts, a packet that was found counts at the longest member that covers it and has not
 * expired; its bytes where `length` says how many those are.
 */
export function emitSetLookup(
  asm: Assembler,
  trie: SetInMap,
  address: AddressInMemory,
  yes: string,
  length?: LengthInMemory,
): void {
  const { records } = trie;
  if (records?.counters || records?.timeToLive) {
    emitRecordLookup(asm, { ...trie, records }, address, yes, length);
    return;
  }
  const loadHalf = (half: 'hi' | 'lo'): void => asm.load('u64', R1, address.base, address[half]);
  const [next, leaf, no] = ['node', 'leaf', 'not-in-set'].map((name) => asm.uniqueLabel(name)) as [
    string,
    string,
    string,
  ];
  const v4 = trie.family === 'v4';
  if (v4) loadHalf('lo');
  asm.comment(`${trie.map}: ${trie.capacity} words`);
  asm.loadMapValue(R2, trie.map, 0);
  asm.load('u64', R3, R2, 0);
  asm.mov(R9, trieDepth[trie.family]);

  // R1: the address or the half looked at, R2: the words, R3: the word at hand, R9: nodes that may still come.
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
  asm.rsh(R3, trieBits.index.shift);
  asm.add(R4, R3);
  loadWord(R3);
  asm.sub32(R9, 1);
  asm.jumpIf32(R9, 'ne', 0, next);
  asm.mov32(R4, R3);
  asm.and32(R4, trieBits.kind.mask);

  asm.label(leaf);
  asm.jumpIf32(R4, 'eq', trieKind.ALL, yes);
  asm.jumpIf32(R4, 'ne', trieKind.LEAF, no);
  if (v4) {
    asm.mov(R4, R3);
    asm.rsh(R4, trieBits.index.shift);
    asm.xor(R1, R4);
    emitShift(R1);
    asm.jumpIf(R1, 'eq', 0, yes);
  } else emitLeaf6();
  asm.label(no);

  /** R4 = words[R4], or `into`; the mask is what the verifier believes, the trie never points outside. */
  function loadWord(into: typeof R3): void {
    asm.and32(R4, trie.capacity - 1);
    asm.lsh32(R4, 3);
    asm.add(R4, R2);
    asm.load('u64', into, R4, 0);
  }

  /** value >>= the word's shift */
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

  /** R3 is a leaf: both halves stand at its index. */
  function emitLeaf6(): void {
    const low = asm.uniqueLabel('low-half');
    asm.mov(R4, R3);
    asm.rsh(R4, trieBits.index.shift);
    asm.mov32(R9, R4);
    loadWord(R8);
    loadHalf('hi');
    asm.xor(R1, R8);
    asm.mov32(R5, R3);
    asm.and32(R5, 2 ** trieBits.lowHalf.shift);
    asm.jumpIf32(R5, 'ne', 0, low);
    emitShift(R1);
    asm.jumpIf(R1, 'eq', 0, yes);
    asm.jump(no);
    asm.label(low);
    asm.jumpIf(R1, 'ne', 0, no);
    asm.mov32(R4, R9);
    asm.add32(R4, 1);
    loadWord(R8);
    loadHalf('lo');
    asm.xor(R1, R8);
    emitShift(R1);
    asm.jumpIf(R1, 'eq', 0, yes);
  }
}
