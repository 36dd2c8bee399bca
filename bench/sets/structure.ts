import type { Assembler } from '../../src/asm/index.ts';
import type { Prefix } from '../../src/kernel/index.ts';
import type { Prefixes } from './prefixes.ts';

/** A way to keep prefixes in the kernel, and to find an address among them. */
export interface Structure {
  /** Names it in results, from one run to the next. */
  readonly id: string;
  readonly title: string;
  /** More members are not tried: filling would take minutes. */
  readonly most: number;
  readonly fill: (prefixes: Prefixes) => Filled;
}

export interface Filled {
  /** Descriptors of the maps that `emit` names. */
  readonly maps: Readonly<Record<string, number>>;
  /**
   * Jumps to `yes` when the address at R7 is covered, and goes on otherwise: two halves of 8 bytes in host byte order,
   * high, low. R7 is kept.
   */
  emit(asm: Assembler, yes: string): void;
  add(prefix: Prefix): void;
  delete(prefix: Prefix): void;
  /** Bytes of the map, and those that the members take, where the structure knows. */
  readonly bytes?: number;
  readonly usedBytes?: number;
  close(): void;
}
