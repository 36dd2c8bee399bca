import { basename } from 'node:path';
import { decode, type Instruction, SLOT_SIZE, slotsOf } from '../../asm/index.ts';
import { CALL_INSTRUCTION, callSource, instructionClass, isJump, LOAD_IMM64, loadSource } from '../../asm/opcodes.ts';
import type { SourceLine } from './btf-ext.ts';
import { corrupt, readBytes, unsupported } from './byte-reader.ts';
import { isDataSection } from './data-section.ts';
import type { Elf, ElfRelocation, ElfSection, ElfSymbol } from './elf.ts';
import { MAPS_SECTION } from './map.ts';
import type { ObjectFunction } from './object.ts';

/** Names as in LLVM's `BinaryFormat/ELFRelocs/BPF.def`. */
const relocationType = { R_BPF_64_64: 1, R_BPF_64_32: 10 } as const;

/**
 * All functions of an object, with the names of the maps, functions and labels that their instructions refer to, and
 * the lines of source that they come from as comments.
 */
export function readFunctions(
  elf: Elf,
  linesOf: (section: string) => ReadonlyMap<number, SourceLine>,
  what: string,
): ObjectFunction[] {
  const sections = elf.sections.filter((section) => section.executable && section.size > 0);
  return sections.flatMap((section) => {
    const relocations = new Map(elf.relocationsOf(section).map((relocation) => [relocation.offset, relocation]));
    const lines = linesOf(section.name);
    return functionsIn(elf, section).map(({ name, global, offset, size }) => {
      const where = `${what}, ${name}`;
      const code = readBytes(section.data, `${what}, ${section.name}`).slice(offset, size);
      const commentAt = createCommenter(lines);
      const instructions = withPositions(labelJumps(decode(code), where), offset).map(({ instruction, at }) => ({
        ...resolve(elf, section, instruction, at, relocations.get(at), where),
        ...commentAt(at),
      }));
      return { name, section: section.name, global, instructions };
    });
  });
}

const functionsIn = (elf: Elf, section: ElfSection): ElfSymbol[] =>
  elf.symbols.filter((symbol) => symbol.kind === 'function' && symbol.section === section.index);

/** Each instruction with its place in the section, in bytes, where the first is at `start`. */
function withPositions(instructions: readonly Instruction[], start: number) {
  let next = start;
  return instructions.map((instruction) => {
    const at = next;
    next += slotsOf(instruction) * SLOT_SIZE;
    return { instruction, at };
  });
}

/** Says a line of source once where several instructions in a row come from it. */
function createCommenter(lines: ReadonlyMap<number, SourceLine>): (at: number) => Pick<Instruction, 'comment'> {
  let last: string | undefined;
  return (at) => {
    const line = lines.get(at);
    const comment = line?.text ? `${basename(line.file)}:${line.line} ${line.text}` : undefined;
    if (comment === undefined || comment === last) return {};
    last = comment;
    return { comment };
  };
}

/** Jumps by label instead of by offset, and the labels that they go to. */
function labelJumps(instructions: readonly Instruction[], where: string): Instruction[] {
  const positions = withPositions(instructions, 0).map(({ instruction, at }) => ({
    instruction,
    slot: at / SLOT_SIZE,
  }));
  const starts = new Set(positions.map(({ slot }) => slot));
  const targets = new Set<number>();
  const symbolic = positions.map(({ instruction, slot }) => {
    if (!isJump(instruction.opcode)) return { instruction, slot };
    const isLong = instruction.opcode === instructionClass.JMP32;
    const target = slot + 1 + (isLong ? instruction.imm : instruction.offset);
    if (!starts.has(target)) throw corrupt(`${where}: the jump at ${slot} goes to ${target}, which is no instruction`);
    targets.add(target);
    // A jump with a 32-bit offset becomes one with 16, where the linker finds out whether it is too far.
    const short = isLong ? { opcode: instructionClass.JMP, imm: 0 } : {};
    return { instruction: { ...instruction, ...short, offset: 0, target: labelOf(target) }, slot };
  });
  return symbolic.map(({ instruction, slot }) =>
    targets.has(slot) ? { ...instruction, labels: [labelOf(slot)] } : instruction,
  );
}

const labelOf = (slot: number): string => `L${slot}`;

/** The instruction with the name of what it calls or loads, if anything. `at` is its place in the section, in bytes. */
function resolve(
  elf: Elf,
  section: ElfSection,
  instruction: Instruction,
  at: number,
  relocation: ElfRelocation | undefined,
  where: string,
): Instruction {
  const { opcode, src, imm } = instruction;
  if (opcode === CALL_INSTRUCTION && src === callSource.FUNCTION) {
    const call = calleeOf(elf, section, at, imm, relocation, where);
    return { ...instruction, imm: -1, call };
  }
  if (relocation === undefined) return instruction;
  if (opcode !== LOAD_IMM64 || relocation.type !== relocationType.R_BPF_64_64) {
    throw unsupported(`${where}: a relocation of type ${relocation.type} at ${at} for "${relocation.symbol.name}"`);
  }
  return resolveLoad(elf, instruction, relocation.symbol, where);
}

function calleeOf(
  elf: Elf,
  section: ElfSection,
  at: number,
  imm: number,
  relocation: ElfRelocation | undefined,
  where: string,
): string {
  // Without a relocation, the compiler has put in how far it is from the next instruction to the callee.
  if (relocation === undefined) return functionAt(elf, section.index, at + (imm + 1) * SLOT_SIZE, where);
  const { symbol, type } = relocation;
  if (type !== relocationType.R_BPF_64_32) throw corrupt(`${where}: a call at ${at} has a relocation of type ${type}`);
  if (symbol.section === undefined) return symbol.name;
  return functionAt(elf, symbol.section, symbol.offset + (imm + 1) * SLOT_SIZE, where);
}

function functionAt(elf: Elf, section: number, offset: number, where: string): string {
  const found = elf.symbols.find(
    (symbol) => symbol.kind === 'function' && symbol.section === section && symbol.offset === offset,
  );
  if (found === undefined) throw corrupt(`${where}: no function begins at ${offset} of section ${section}`);
  return found.name;
}

/** A load of the address of a map, a variable or a function. */
function resolveLoad(elf: Elf, instruction: Instruction, symbol: ElfSymbol, where: string): Instruction {
  const { opcode, dst, offset, imm, labels } = instruction;
  const load = { opcode, dst, offset, imm: 0, ...(labels && { labels }) };
  const section = symbol.section === undefined ? undefined : elf.sections[symbol.section];
  if (section === undefined) throw unsupported(`${where}: uses "${symbol.name}", which is not defined in the object`);
  const place = symbol.offset + imm;
  if (section.name === MAPS_SECTION) {
    const map = { name: mapAt(elf, section, place, where), kind: 'fd', offset: 0 } as const;
    return { ...load, src: loadSource.MAP_FD, map };
  }
  if (isDataSection(section)) {
    return { ...load, src: loadSource.MAP_VALUE, map: { name: section.name, kind: 'value', offset: place } };
  }
  if (section.executable) {
    return { ...load, src: loadSource.FUNCTION, call: functionAt(elf, section.index, place, where) };
  }
  throw unsupported(`${where}: uses "${symbol.name}" in section ${section.name}`);
}

function mapAt(elf: Elf, section: ElfSection, offset: number, where: string): string {
  const found = elf.symbols.find(
    (symbol) => symbol.kind === 'object' && symbol.section === section.index && symbol.offset === offset,
  );
  if (found === undefined) throw corrupt(`${where}: there is no map at ${offset} of ${section.name}`);
  return found.name;
}
