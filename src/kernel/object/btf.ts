import type { BtfKind, BtfLinkage, BtfType, BtfTypeId, BtfTypeOf } from './btf-types.ts';
import { type ByteReader, corrupt, readBytes } from './byte-reader.ts';

/** Parsed BTF. Its methods throw a SluiceError where the types contradict themselves. */
export interface Btf {
  /** By id; the first is void. */
  readonly types: readonly BtfType[];
  /** The type with that id. */
  type(id: BtfTypeId): BtfType;
  /** The type with that id, without typedefs and qualifiers around it. */
  bareType(id: BtfTypeId): Exclude<BtfType, { kind: 'typedef' | 'volatile' | 'const' | 'restrict' | 'typeTag' }>;
  /** The first of that kind and name. */
  find<Kind extends BtfKind>(kind: Kind, name: string): BtfTypeOf<Kind> | undefined;
  /** The string at that offset of the string table, for `.BTF.ext`. */
  string(offset: number): string;
  /** Bytes that a value of the type takes. */
  sizeOf(id: BtfTypeId): number;
}

const MAGIC = 0xeb9f;
/** Deeper chains of types than any compiler makes are taken for a circle. */
const MAX_DEPTH = 64;
const POINTER_SIZE = 8;

/** Parses the contents of a `.BTF` section, or of a file in /sys/kernel/btf that stands alone. */
export function parseBtf(bytes: Uint8Array, what = 'BTF'): Btf {
  const reader = readBytes(bytes, what);
  if (reader.u16(0) !== MAGIC) throw corrupt(`${what}: does not begin with BTF's magic number`);
  if (reader.u8(2) !== 1) throw corrupt(`${what}: version ${reader.u8(2)}, only 1 is known`);
  const headerLength = reader.u32(4);
  const strings = readBytes(reader.slice(headerLength + reader.u32(16), reader.u32(20)), `${what}, strings`);
  const section = readBytes(reader.slice(headerLength + reader.u32(8), reader.u32(12)), `${what}, types`);

  const types: BtfType[] = [{ kind: 'void' }];
  for (let offset = 0; offset < section.length; ) {
    const { type, size } = parseType(section, offset, strings);
    types.push(type);
    offset += size;
  }
  return createBtf(types, strings, what);
}

function createBtf(types: readonly BtfType[], strings: ByteReader, what: string): Btf {
  function type(id: BtfTypeId): BtfType {
    const found = types[id];
    if (found === undefined) throw corrupt(`${what}: there is no type ${id}`);
    return found;
  }

  const bareType: Btf['bareType'] = (id) => {
    let found = type(id);
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      switch (found.kind) {
        case 'typedef':
        case 'volatile':
        case 'const':
        case 'restrict':
        case 'typeTag':
          found = type(found.type);
          break;
        default:
          return found;
      }
    }
    throw corrupt(`${what}: type ${id} contains itself`);
  };

  function sizeOf(id: BtfTypeId, depth = 0): number {
    if (depth > MAX_DEPTH) throw corrupt(`${what}: type ${id} contains itself`);
    const bare = bareType(id);
    if ('size' in bare) return bare.size;
    if (bare.kind === 'pointer') return POINTER_SIZE;
    if (bare.kind === 'array') return bare.length * sizeOf(bare.type, depth + 1);
    if (bare.kind === 'variable') return sizeOf(bare.type, depth + 1);
    throw corrupt(`${what}: type ${id}, a ${bare.kind}, has no size`);
  }

  return {
    types,
    type,
    bareType,
    find: <Kind extends BtfKind>(kind: Kind, name: string) =>
      types.find((found) => found.kind === kind && 'name' in found && found.name === name) as
        | BtfTypeOf<Kind>
        | undefined,
    string: strings.string,
    sizeOf: (id) => sizeOf(id),
  };
}

const LINKAGES: readonly BtfLinkage[] = ['static', 'global', 'extern'];
const HEADER_SIZE = 12;

/** One `struct btf_type` and what follows it; `size` is how many bytes that is. */
function parseType(section: ByteReader, offset: number, strings: ByteReader): { type: BtfType; size: number } {
  const name = strings.string(section.u32(offset));
  const info = section.u32(offset + 4);
  const count = info & 0xffff;
  const kindFlag = info >>> 31 === 1;
  /** A size or a type, by kind. */
  const sizeOrType = section.u32(offset + 8);
  const rest = offset + HEADER_SIZE;

  const alone = (type: BtfType) => ({ type, size: HEADER_SIZE });
  const with4 = (type: BtfType) => ({ type, size: HEADER_SIZE + 4 });
  const linkage = (number: number): BtfLinkage => LINKAGES[number] ?? 'extern';
  function list<T>(itemSize: number, parse: (at: number) => T, make: (items: readonly T[]) => BtfType) {
    const items = Array.from({ length: count }, (_, index) => parse(rest + index * itemSize));
    return { type: make(items), size: HEADER_SIZE + count * itemSize };
  }
  const named = (at: number): string => strings.string(section.u32(at));

  const kind = (info >>> 24) & 0x1f;
  switch (kind) {
    case 1: {
      const encoding = section.u32(rest);
      const flags = encoding >>> 24;
      const bits = { bits: encoding & 0xff, bitOffset: (encoding >>> 16) & 0xff };
      return with4({
        kind: 'int',
        name,
        size: sizeOrType,
        ...bits,
        signed: (flags & 1) !== 0,
        bool: (flags & 4) !== 0,
      });
    }
    case 2:
      return alone({ kind: 'pointer', type: sizeOrType });
    case 3: {
      const array = { type: section.u32(rest), index: section.u32(rest + 4), length: section.u32(rest + 8) };
      return { type: { kind: 'array', ...array }, size: HEADER_SIZE + 12 };
    }
    case 4:
    case 5:
      return list(
        12,
        (at) => ({ name: named(at), type: section.u32(at + 4), ...memberBits(section.u32(at + 8), kindFlag) }),
        (members) => ({ kind: kind === 4 ? 'struct' : 'union', name, size: sizeOrType, members }),
      );
    case 6:
      return list(
        8,
        (at) => ({ name: named(at), value: BigInt(kindFlag ? section.i32(at + 4) : section.u32(at + 4)) }),
        (values) => ({ kind: 'enum', name, size: sizeOrType, signed: kindFlag, values }),
      );
    case 7:
      return alone({ kind: 'forward', name, union: kindFlag });
    case 8:
      return alone({ kind: 'typedef', name, type: sizeOrType });
    case 9:
      return alone({ kind: 'volatile', name, type: sizeOrType });
    case 10:
      return alone({ kind: 'const', name, type: sizeOrType });
    case 11:
      return alone({ kind: 'restrict', name, type: sizeOrType });
    case 12:
      return alone({ kind: 'function', name, type: sizeOrType, linkage: linkage(count) });
    case 13:
      return list(
        8,
        (at) => ({ name: named(at), type: section.u32(at + 4) }),
        (parameters) => ({ kind: 'prototype', returns: sizeOrType, parameters }),
      );
    case 14:
      return with4({ kind: 'variable', name, type: sizeOrType, linkage: linkage(section.u32(rest)) });
    case 15:
      return list(
        12,
        (at) => ({ type: section.u32(at), offset: section.u32(at + 4), size: section.u32(at + 8) }),
        (variables) => ({ kind: 'dataSection', name, size: sizeOrType, variables }),
      );
    case 16:
      return alone({ kind: 'float', name, size: sizeOrType });
    case 17:
      return with4({ kind: 'declTag', name, type: sizeOrType, component: section.i32(rest) });
    case 18:
      return alone({ kind: 'typeTag', name, type: sizeOrType });
    case 19:
      return list(
        12,
        (at) => ({ name: named(at), value: kindFlag ? BigInt.asIntN(64, section.u64(at + 4)) : section.u64(at + 4) }),
        (values) => ({ kind: 'enum', name, size: sizeOrType, signed: kindFlag, values }),
      );
    default:
      throw corrupt(`type at ${offset}: kind ${kind} is not known`);
  }
}

/** With the struct's kind flag set, the high 8 bits of a member's place are the width of its bit field. */
function memberBits(place: number, kindFlag: boolean): { bitOffset: number; bitSize: number } {
  return kindFlag ? { bitOffset: place & 0xffffff, bitSize: place >>> 24 } : { bitOffset: place, bitSize: 0 };
}
