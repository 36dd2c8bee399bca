import { type Assembler, type MemorySize, R6, R7, type Register } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { InterfaceTable } from '../interface-table.ts';
import type { PacketField } from '../lower.ts';
import type { BitmapTable, SetTable } from '../tables.ts';
import type { WindowTable } from '../window-table.ts';
import type { Hook } from './hook.ts';

/** Registers that generated code keeps from its first instruction to its last; R8 and R9 are a test's own. */
export const CONTEXT = R6;
export const PACKET = R7;

/** What emitting code may ask. */
export interface Emitter {
  readonly asm: Assembler;
  readonly hook: Hook;
  readonly sets: SetTable;
  readonly bitmaps: BitmapTable;
  readonly windows: WindowTable;
  /** Index of the policy's first log rule: its limit is the first in the map `limits` that is not the data plane's. */
  readonly firstLogRule: number;
  readonly interfaces: InterfaceTable;
  /** Whether XDP frames may have several buffers, whose bytes only a kernel function reaches. */
  readonly multiBuffer: boolean;
  /** Where on the stack the address of the rule's row is kept, in code that rules share. */
  readonly operands?: number;
}

const memorySizes: Readonly<Record<number, MemorySize>> = { 1: 'u8', 2: 'u16', 4: 'u32', 8: 'u64' };

export const sizeOf = (field: PacketField): MemorySize => memorySizes[field.size] as MemorySize;

/** `dst = packet->field` */
export function loadField(asm: Assembler, dst: Register, field: PacketField): void {
  asm.comment(`packet->${field.name}`);
  asm.load(sizeOf(field), dst, PACKET, field.offset);
}

export const addressFields = {
  src: { hi: packetFields.srcHi, lo: packetFields.srcLo },
  dst: { hi: packetFields.dstHi, lo: packetFields.dstLo },
} as const;
