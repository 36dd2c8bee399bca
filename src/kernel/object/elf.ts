import { type ByteReader, corrupt, readBytes, unsupported } from './byte-reader.ts';

/** A relocatable ELF file for the machine BPF, as clang makes it: the parts that a loader needs. */
export interface Elf {
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  section(name: string): ElfSection | undefined;
  /** The bytes of the section with that name. Throws a SluiceError where there is none. */
  contents(name: string): Uint8Array;
  /** What must be put into that section. */
  relocationsOf(section: ElfSection): readonly ElfRelocation[];
}

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** Holds instructions. */
  readonly executable: boolean;
  readonly writable: boolean;
  readonly size: number;
  /** Empty for one that is only zeroes (.bss). */
  readonly data: Uint8Array;
  readonly link: number;
  readonly info: number;
}

export interface ElfSymbol {
  readonly name: string;
  readonly kind: 'none' | 'object' | 'function' | 'section' | 'other';
  readonly global: boolean;
  /** The index of its section; undefined for one that is to come from elsewhere. */
  readonly section: number | undefined;
  /** From the start of its section, in bytes. */
  readonly offset: number;
  readonly size: number;
}

export interface ElfRelocation {
  /** From the start of the section that is to be changed, in bytes. */
  readonly offset: number;
  readonly type: number;
  readonly symbol: ElfSymbol;
}

const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const TYPE_RELOCATABLE = 1;
const MACHINE_BPF = 247;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 16;
const sectionType = { SYMBOLS: 2, NO_BITS: 8, RELOCATIONS: 9 } as const;
const sectionFlag = { WRITE: 1n, EXECUTE: 4n } as const;
const SECTION_UNDEFINED = 0;
const symbolKinds = ['none', 'object', 'function', 'section'] as const;

/** Reads the tables of an ELF file. `what` names it in errors. Throws a SluiceError for one that is not in order. */
export function readElf(bytes: Uint8Array, what: string): Elf {
  const file = readBytes(bytes, what);
  if (file.length < SECTION_HEADER_SIZE || file.u32(0) !== 0x464c457f) throw corrupt(`${what}: is not an ELF file`);
  if (file.u8(4) !== CLASS_64 || file.u8(5) !== LITTLE_ENDIAN || file.u16(18) !== MACHINE_BPF) {
    throw unsupported(`${what}: is an ELF file, but not one for little-endian BPF`);
  }
  if (file.u16(16) !== TYPE_RELOCATABLE) throw unsupported(`${what}: is not a relocatable object`);

  const sections = readSections(file, what);
  const symbolTable = sections.find(({ type }) => type === sectionType.SYMBOLS);
  const symbols = symbolTable ? readSymbols(symbolTable, sections, what) : [];
  const section = (name: string) => sections.find((candidate) => candidate.name === name);
  return {
    sections,
    symbols,
    section,
    contents(name) {
      const found = section(name);
      if (found === undefined) throw corrupt(`${what}: has no section ${name}`);
      return found.data;
    },
    relocationsOf: ({ index }) =>
      sections
        .filter(({ type, info }) => type === sectionType.RELOCATIONS && info === index)
        .flatMap((table) => readRelocations(table, symbols, what)),
  };
}

function readSections(file: ByteReader, what: string): ElfSection[] {
  const count = file.u16(60);
  const headers = readBytes(file.slice(file.size(40), count * SECTION_HEADER_SIZE), `${what}, section headers`);
  const raw = Array.from({ length: count }, (_, index) => {
    const at = index * SECTION_HEADER_SIZE;
    const type = headers.u32(at + 4);
    const flags = headers.u64(at + 8);
    const size = headers.size(at + 32);
    const section = {
      index,
      type,
      executable: (flags & sectionFlag.EXECUTE) !== 0n,
      writable: (flags & sectionFlag.WRITE) !== 0n,
      size,
      data: type === sectionType.NO_BITS ? new Uint8Array() : file.slice(headers.size(at + 24), size),
      link: headers.u32(at + 40),
      info: headers.u32(at + 44),
    };
    return { nameOffset: headers.u32(at), section };
  });
  const names = readBytes(raw[file.u16(62)]?.section.data ?? new Uint8Array(), `${what}, section names`);
  return raw.map(({ nameOffset, section }) => ({
    ...section,
    name: section.index === 0 ? '' : names.string(nameOffset),
  }));
}

function readSymbols(table: ElfSection, sections: readonly ElfSection[], what: string): ElfSymbol[] {
  const entries = readBytes(table.data, `${what}, symbols`);
  const names = readBytes(sections[table.link]?.data ?? new Uint8Array(), `${what}, symbol names`);
  return Array.from({ length: Math.floor(entries.length / SYMBOL_SIZE) }, (_, index) => {
    const at = index * SYMBOL_SIZE;
    const info = entries.u8(at + 4);
    const kind = symbolKinds[info & 0x0f] ?? 'other';
    const section = entries.u16(at + 6);
    return {
      // A section's symbol has the name of its section.
      name: kind === 'section' ? (sections[section]?.name ?? '') : names.string(entries.u32(at)),
      kind,
      global: info >> 4 !== 0,
      section: section === SECTION_UNDEFINED ? undefined : section,
      offset: entries.size(at + 8),
      size: entries.size(at + 16),
    };
  });
}

function readRelocations(table: ElfSection, symbols: readonly ElfSymbol[], what: string): ElfRelocation[] {
  const entries = readBytes(table.data, `${what}, ${table.name}`);
  return Array.from({ length: Math.floor(entries.length / RELOCATION_SIZE) }, (_, index) => {
    const at = index * RELOCATION_SIZE;
    const symbol = symbols[entries.u32(at + 12)];
    if (symbol === undefined) throw corrupt(`${what}, ${table.name}: entry ${index} names no symbol`);
    return { offset: entries.size(at), type: entries.u32(at + 8), symbol };
  });
}
