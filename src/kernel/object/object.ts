import type { BpfFunction } from '../../asm/index.ts';
import { type Btf, parseBtf } from './btf.ts';
import { parseBtfExt } from './btf-ext.ts';
import { unsupported } from './byte-reader.ts';
import { type DataSection, readDataSections } from './data-section.ts';
import { type Elf, readElf } from './elf.ts';
import { readFunctions } from './function.ts';
import { type ObjectMap, readMaps } from './map.ts';

/** A compiled object, still symbolic: functions name the maps and functions that they use. */
export interface BpfObject {
  /** Those with a section of their own, which programs begin with, and those of `.text`, which they call. */
  readonly functions: readonly ObjectFunction[];
  readonly maps: readonly ObjectMap[];
  /** Global variables and constants. Each becomes an array map with one entry, under the section's name. */
  readonly dataSections: readonly DataSection[];
  /** What `char LICENSE[] SEC("license")` says; undefined without. */
  readonly license: string | undefined;
  readonly btf: Btf;
  /** The section as it stands in the file: sizes and offsets of its data sections are not filled in. */
  readonly btfBytes: Uint8Array;
}

export interface ObjectFunction extends BpfFunction {
  /** What `SEC()` says of it: `xdp`, `tc`, `tp_btf/kfree_skb`; `.text` without. */
  readonly section: string;
  /** False for a static function. */
  readonly global: boolean;
}

/**
 * Reads an object made by `clang -target bpf -g`. Functions that are declared and not defined stay calls by name, for
 * the linker to find. `name` is said in errors. Throws a SluiceError for a file that is cut short, contradicts itself,
 * or needs what is not supported: CO-RE relocations, kernel symbols, thread-local data.
 */
export function readObject(bytes: Uint8Array, name = 'object'): BpfObject {
  const elf = readElf(bytes, name);
  const btfBytes = elf.contents('.BTF');
  const btf = parseBtf(btfBytes, `${name}, .BTF`);
  const { linesOf, relocationBytes } = parseBtfExt(elf.section('.BTF.ext')?.data, btf, `${name}, .BTF.ext`);
  if (relocationBytes > 0) throw unsupported(`${name}: has ${relocationBytes} bytes of CO-RE relocations`);
  return {
    functions: readFunctions(elf, linesOf, name),
    maps: readMaps(btf, name),
    dataSections: readDataSections(elf, btf),
    license: readLicense(elf),
    btf,
    btfBytes,
  };
}

function readLicense(elf: Elf): string | undefined {
  const section = elf.section('license');
  if (section === undefined) return undefined;
  const end = section.data.indexOf(0);
  return new TextDecoder('latin1').decode(section.data.subarray(0, end < 0 ? undefined : end));
}
