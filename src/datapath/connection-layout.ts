import { connectionCodec, connectionFields } from '../generated/abi.ts';
import type { StructLayout } from './counters.ts';
import { isOwnLayout } from './counters.ts';

/** How `struct connection` lies in memory in this version of Sluice. */
export const connectionLayout: StructLayout = {
  size: connectionCodec.size,
  fields: Object.fromEntries(Object.entries(connectionFields).map(([name, { offset }]) => [name, offset])),
};

/** Entries of a table, as this version has them, whatever version laid the table out: fields go by their names. */
export interface EntryAccess {
  /** Bytes from one entry to the next. */
  readonly stride: number;
  /** Into `own`; what the other version does not know is 0. */
  read(table: Uint8Array, slot: number, own: Uint8Array): void;
  write(table: Uint8Array, slot: number, own: Uint8Array): void;
}

export function entryAccess(layout: StructLayout): EntryAccess {
  const stride = Math.ceil(layout.size / 8) * 8;
  const pieces = isOwnLayout(layout, connectionLayout)
    ? [{ theirs: 0, own: 0, size: connectionLayout.size }]
    : piecesOf(layout);
  return {
    stride,
    read(table, slot, own) {
      if (pieces.length > 1) own.fill(0);
      for (const one of pieces) {
        const from = slot * stride + one.theirs;
        own.set(table.subarray(from, from + one.size), one.own);
      }
    },
    write(table, slot, own) {
      for (const one of pieces) table.set(own.subarray(one.own, one.own + one.size), slot * stride + one.theirs);
    },
  };
}

/** A field of which the other version has less room is cut: the next one begins there. */
function piecesOf({ size, fields }: StructLayout): { theirs: number; own: number; size: number }[] {
  const starts = [...Object.values(fields), size].sort((a, b) => a - b);
  return Object.entries(connectionFields).flatMap(([name, own]) => {
    const theirs = fields[name];
    if (theirs === undefined) return [];
    const end = starts.find((start) => start > theirs) ?? size;
    return [{ theirs, own: own.offset, size: Math.min(own.size, end - theirs) }];
  });
}
