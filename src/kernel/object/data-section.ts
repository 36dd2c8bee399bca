import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { Btf } from './btf.ts';
import type { BtfTypeId } from './btf-types.ts';
import { corrupt, unsupported } from './byte-reader.ts';
import type { Elf, ElfSection } from './elf.ts';

/** Global variables that stand together: `.rodata`, `.data`, `.bss` and those whose names begin so. */
export interface DataSection {
  readonly name: string;
  /** Constants: the verifier takes them for known when the map is frozen before the program is loaded. */
  readonly readOnly: boolean;
  /** As compiled. */
  readonly bytes: Uint8Array;
  readonly variables: readonly DataVariable[];
}

export interface DataVariable {
  readonly name: string;
  /** From the start of the section, in bytes. */
  readonly offset: number;
  readonly size: number;
  /** In the object's BTF; undefined for what the compiler made up. */
  readonly type: BtfTypeId | undefined;
}

/** Integers are cut to the variable's size only where that loses nothing; bytes are to be as many as it has. */
export type DataValue = number | bigint | boolean | Uint8Array;

const kinds = ['.rodata', '.data', '.bss'];
/** No program has more; a file that says so is not worth the memory. */
const MAX_SIZE = 1 << 26;

export const isDataSection = ({ name, size }: ElfSection): boolean =>
  size > 0 && kinds.some((kind) => name === kind || name.startsWith(`${kind}.`));

export function readDataSections(elf: Elf, btf: Btf): DataSection[] {
  return elf.sections.filter(isDataSection).map((section) => {
    if (section.size > MAX_SIZE) throw unsupported(`section ${section.name} has ${section.size} bytes`);
    const variables = elf.symbols.filter((symbol) => symbol.kind === 'object' && symbol.section === section.index);
    return {
      name: section.name,
      readOnly: section.name.startsWith('.rodata'),
      bytes: section.data.length > 0 ? Uint8Array.from(section.data) : new Uint8Array(section.size),
      variables: variables.map(({ name, offset, size }) => {
        if (offset + size > section.size) throw corrupt(`variable "${name}" ends behind ${section.name}`);
        return { name, offset, size, type: btf.find('variable', name)?.type };
      }),
    };
  });
}

/**
 * The section's bytes with those variables set. Throws a SluiceError that names each variable that is not there and
 * each value that its size does not hold.
 */
export function setVariables(section: DataSection, values: Readonly<Record<string, DataValue>>): Uint8Array {
  // `slice` of a Buffer is no copy.
  const bytes = Uint8Array.from(section.bytes);
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(values)) {
    const variable = section.variables.find((candidate) => candidate.name === name);
    if (variable === undefined) {
      problems.push({ code: 'object/unknown-variable', message: `${section.name} has no variable "${name}"` });
      continue;
    }
    const encoded = encodeValue(value, variable.size);
    if (encoded === undefined) {
      const message = `${section.name}: ${value} does not fit "${name}", which has ${variable.size} bytes`;
      problems.push({ code: 'object/bad-value', message });
      continue;
    }
    bytes.set(encoded, variable.offset);
  }
  if (problems.length > 0) throw new SluiceError(problems);
  return bytes;
}

/** Little-endian bytes of a value, which may be signed or not; undefined where it needs more or other ones. */
function encodeValue(value: DataValue, size: number): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value.length === size ? value : undefined;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return undefined;
  const bits = size * 8;
  const integer = BigInt(value);
  if (size > 8 || (BigInt.asUintN(bits, integer) !== integer && BigInt.asIntN(bits, integer) !== integer))
    return undefined;
  return Uint8Array.from({ length: size }, (_, index) => Number((integer >> BigInt(index * 8)) & 0xffn));
}
