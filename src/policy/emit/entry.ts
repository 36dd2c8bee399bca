import { type Assembler, R0, R1, R2, R3, R4, R8, R9 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { Classifier } from '../classifier/classifier.ts';
import { type EntryLayout, metaBits } from '../classifier/entry.ts';
import { wordBits } from '../classifier/image.ts';
import { addressFields, loadField, PACKET } from './emitter.ts';

/** A classifier in the one value of an array map. */
export interface ClassifierTable {
  readonly map: string;
  readonly classifier: Classifier;
  /** Words that the code may reach in the map's value, a power of two. Behind them is room for an entry. */
  readonly capacity: number;
}

/** Keeps the address of the map's value. */
export const TABLE = R8;
/** The meta of the best entry so far. */
export const BEST = R9;

/** R1 = the entry at the index R1 */
export function emitEntryPointer(asm: Assembler, { capacity }: ClassifierTable): void {
  asm.and32(R1, Math.min(capacity - 1, wordBits.entries.mask));
  asm.lsh(R1, 3);
  asm.add(R1, TABLE);
}

/** Of the entry at R1: its meta in R2, and in R0 all ones where the packet differs, else 0. Overwrites R3 and R4. */
export function emitCompare(asm: Assembler, layout: EntryLayout): void {
  let any = false;
  const join = (): void => {
    if (any) asm.or(R0, R3);
    else asm.mov(R0, R3);
    any = true;
  };
  asm.load('u64', R2, R1, 0);
  for (const { part, half, index, offset, bytes } of layout.halves) {
    const field = addressFields[part][half];
    const size = bytes === 4 ? 'u32' : 'u64';
    asm.load(size, R3, R1, offset);
    asm.comment(`packet->${field.name}`);
    asm.load(size, R4, PACKET, field.offset);
    asm.xor(R3, R4);
    asm.mov(R4, R2);
    if (index > 0) asm.rsh(R4, index * metaBits.half.bits);
    asm.rsh(R3, R4);
    if (bytes === 8) {
      asm.rsh(R4, metaBits.half.bits - 1);
      asm.and(R4, 1);
      asm.rsh(R3, R4);
    }
    join();
  }
  if (layout.bits !== undefined) {
    asm.load('u32', R3, R1, layout.bits);
    asm.comment('packet->protocol and the three bytes behind it');
    asm.load('u32', R4, PACKET, packetFields.protocol.offset);
    asm.xor(R3, R4);
    asm.load('u32', R4, R1, layout.bits + 4);
    asm.and(R3, R4);
    join();
  }
  if (!any) asm.mov(R0, 0);
  // Any difference gets the sign that a port outside its range has, too.
  asm.mov(R3, R0);
  asm.neg(R3);
  asm.or(R0, R3);
  for (const [offset, field] of [
    [layout.srcPort, packetFields.srcPort],
    [layout.dstPort, packetFields.dstPort],
  ] as const) {
    if (offset === undefined) continue;
    asm.load('u16', R3, R1, offset);
    loadField(asm, R4, field);
    asm.sub(R4, R3);
    asm.or(R0, R4);
    asm.load('u16', R3, R1, offset + 2);
    loadField(asm, R4, field);
    asm.sub(R3, R4);
    asm.or(R0, R3);
  }
  asm.arsh(R0, 63);
}

/** BEST = the smaller of BEST and R2, where R0 is not all ones. Overwrites R0 and R3. */
export function emitSmaller(asm: Assembler): void {
  asm.rsh(R0, 1);
  asm.or(R0, R2);
  asm.sub(R0, BEST);
  asm.mov(R3, R0);
  asm.arsh(R3, 63);
  asm.and(R0, R3);
  asm.add(BEST, R0);
}
