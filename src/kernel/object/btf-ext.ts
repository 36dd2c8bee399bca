import type { Btf } from './btf.ts';
import { type ByteReader, corrupt, readBytes } from './byte-reader.ts';

/** What `.BTF.ext` says of an object's instructions. */
export interface BtfExt {
  /** The lines of source that a section's instructions come from, by their offset in bytes. */
  linesOf(section: string): ReadonlyMap<number, SourceLine>;
  /** How many bytes of CO-RE relocations there are. */
  readonly relocationBytes: number;
}

export interface SourceLine {
  /** As given to the compiler. */
  readonly file: string;
  readonly line: number;
  /** Without the white space around it. */
  readonly text: string;
}

/** Parses a `.BTF.ext` section; an object without one has neither lines nor relocations. */
export function parseBtfExt(bytes: Uint8Array | undefined, btf: Btf, what: string): BtfExt {
  if (bytes === undefined) return { linesOf: () => new Map(), relocationBytes: 0 };
  const reader = readBytes(bytes, what);
  const headerLength = reader.u32(4);
  const lines = readLines(readBytes(reader.slice(headerLength + reader.u32(16), reader.u32(20)), what), btf, what);
  return {
    linesOf: (section) => lines.get(section) ?? new Map(),
    relocationBytes: headerLength >= 32 ? reader.u32(28) : 0,
  };
}

/** `struct bpf_line_info` has these bytes; later ones may have more. */
const RECORD_SIZE = 16;

/** The size of a record, then for each section its name, the number of its records, and these. */
function readLines(reader: ByteReader, btf: Btf, what: string): Map<string, Map<number, SourceLine>> {
  const bySection = new Map<string, Map<number, SourceLine>>();
  if (reader.length === 0) return bySection;
  const recordSize = reader.u32(0);
  if (recordSize < RECORD_SIZE) throw corrupt(`${what}: lines of ${recordSize} bytes`);
  for (let at = 4; at < reader.length; ) {
    const count = reader.u32(at + 4);
    const lines = new Map<number, SourceLine>();
    bySection.set(btf.string(reader.u32(at)), lines);
    at += 8;
    for (let index = 0; index < count; index++, at += recordSize) {
      const line = reader.u32(at + 12) >>> 10;
      const text = btf.string(reader.u32(at + 8)).trim();
      lines.set(reader.u32(at), { file: btf.string(reader.u32(at + 4)), line, text });
    }
  }
  return bySection;
}
