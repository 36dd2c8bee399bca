import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { withObject } from '../../../test/objects/compile.ts';
import { type Btf, parseBtf } from './btf.ts';
import type { BtfType } from './btf-types.ts';
import { readElf } from './elf.ts';

/** Our reading of the fixture, and bpftool's, which is the outside judge. */
function readTypes(): { btf: Btf; judged: unknown[] } {
  return withObject('types.c', (object, path) => {
    const json = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', path], { encoding: 'utf8' });
    // bpftool writes 64-bit values as numbers, which JSON.parse would round.
    const exact = json.replace(/"val":(-?\d+)/g, '"val":"$1"');
    return { btf: parseBtf(readElf(object, path).contents('.BTF')), judged: JSON.parse(exact).types };
  });
}

/** The type as bpftool says it, without what follows from the rest. */
function asBpftool(type: BtfType): object {
  const anonymous = (name: string) => name || '(anon)';
  switch (type.kind) {
    case 'void':
      return {};
    case 'int': {
      const encoding = type.bool ? 'BOOL' : type.signed ? 'SIGNED' : '(none)';
      const { name, size, bits, bitOffset } = type;
      return { kind: 'INT', name, size, bits_offset: bitOffset, nr_bits: bits, encoding };
    }
    case 'float':
      return { kind: 'FLOAT', name: type.name, size: type.size };
    case 'pointer':
      return { kind: 'PTR', type_id: type.type };
    case 'array':
      return { kind: 'ARRAY', type_id: type.type, index_type_id: type.index, nr_elems: type.length };
    case 'struct':
    case 'union': {
      const members = type.members.map((member) => ({
        name: anonymous(member.name),
        type_id: member.type,
        bits_offset: member.bitOffset,
        ...(member.bitSize > 0 && { bitfield_size: member.bitSize }),
      }));
      return { kind: type.kind.toUpperCase(), name: anonymous(type.name), size: type.size, members };
    }
    case 'enum': {
      const values = type.values.map(({ name, value }) => ({ name, val: `${value}` }));
      const encoding = type.signed ? 'SIGNED' : 'UNSIGNED';
      return { kind: type.size === 8 ? 'ENUM64' : 'ENUM', name: type.name, encoding, size: type.size, values };
    }
    case 'forward':
      return { kind: 'FWD', name: type.name, fwd_kind: type.union ? 'union' : 'struct' };
    case 'function':
      return { kind: 'FUNC', name: type.name, type_id: type.type, linkage: type.linkage };
    case 'prototype': {
      const params = type.parameters.map((parameter) => ({ name: anonymous(parameter.name), type_id: parameter.type }));
      return { kind: 'FUNC_PROTO', ret_type_id: type.returns, params };
    }
    case 'variable':
      return { kind: 'VAR', name: type.name, type_id: type.type, linkage: type.linkage };
    case 'dataSection': {
      const vars = type.variables.map(({ type, offset, size }) => ({ type_id: type, offset, size }));
      return { kind: 'DATASEC', name: type.name, vars };
    }
    case 'declTag':
      return { kind: 'DECL_TAG', name: type.name, type_id: type.type, component_idx: type.component };
    case 'typeTag':
      return { kind: 'TYPE_TAG', name: type.name, type_id: type.type };
    default:
      return { kind: type.kind.toUpperCase(), name: anonymous(type.name), type_id: type.type };
  }
}

describe('parseBtf', () => {
  it('reads every kind of type as bpftool does', () => {
    const { btf, judged } = readTypes();
    const kinds = new Set(btf.types.map(({ kind }) => kind));
    expect(kinds.size).toBe(19); // all, where ENUM64 is told from ENUM by its size
    expect(judged).toHaveLength(btf.types.length - 1);
    expect(judged).toMatchObject(btf.types.slice(1).map(asBpftool));
  });

  it('finds types by name and tells their sizes', () => {
    const { btf } = readTypes();
    const everything = btf.find('struct', 'everything');
    const sizes = everything?.members.map(({ name, type }) => [name, btf.sizeOf(type)]);
    expect(Object.fromEntries(sizes ?? [])).toMatchObject({ words: 6, flag: 1, either: 8, pointer: 8, large: 8 });
    expect(btf.find('union', 'everything')).toBeUndefined();
    const constant = btf.find('variable', 'constant');
    expect(btf.bareType(constant?.type ?? 0)).toMatchObject({ kind: 'int', name: 'long' });
  });

  it.each([
    { what: 'nothing', bytes: [], message: 'BTF: 2 bytes wanted at 0, but it has 0' },
    { what: 'another format', bytes: [0x7f, 0x45, 1, 0], message: "BTF: does not begin with BTF's magic number" },
    { what: 'a later version', bytes: [0x9f, 0xeb, 2, 0], message: 'BTF: version 2, only 1 is known' },
  ])('refuses $what', ({ bytes, message }) => {
    expect(() => parseBtf(Uint8Array.from(bytes))).toThrow(message);
  });

  it('does not follow types that go round in a circle', () => {
    const btf = parseBtf(btfOf([0, (8 << 24) >>> 0, 2], [0, (8 << 24) >>> 0, 1])); // typedef of typedef
    expect(() => btf.bareType(1)).toThrow('BTF: type 1 contains itself');
    expect(() => btf.sizeOf(7)).toThrow('BTF: there is no type 7');
  });
});

/** BTF with types of three words and one empty string. */
function btfOf(...types: number[][]): Uint8Array {
  const words = types.flat();
  const bytes = new Uint8Array(24 + words.length * 4 + 1);
  const view = new DataView(bytes.buffer);
  const header = [0x0001eb9f, 24, 0, words.length * 4, words.length * 4, 1];
  for (const [index, word] of [...header, ...words].entries()) view.setUint32(index * 4, word, true);
  return bytes;
}
