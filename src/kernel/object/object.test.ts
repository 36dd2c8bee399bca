import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { withObject } from '../../../test/objects/compile.ts';
import { createAssembler, disassemble, link, R0 } from '../../asm/index.ts';
import { SluiceError } from '../../diagnostics/problem.ts';
import { setVariables } from './data-section.ts';
import { type BpfObject, readObject } from './object.ts';

let bytes: Uint8Array;
let object: BpfObject;

beforeAll(() => {
  bytes = withObject('sample.c', (contents) => contents);
  object = readObject(bytes, 'sample.o');
});

function functionOf(name: string) {
  const found = object.functions.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no function ${name}`);
  return found;
}

const calls = (name: string) => functionOf(name).instructions.flatMap(({ call }) => call ?? []);

describe('readObject', () => {
  it('reads maps as they are defined, by types or by sizes, and maps of maps', () => {
    const sizes = object.maps.map(({ keyType: _, valueType: __, ...map }) => map);
    const plain = { flags: 0, pinByName: false };
    expect(sizes).toEqual([
      { name: 'sized', type: 'array', keySize: 4, valueSize: 12, maxEntries: 2, ...plain },
      { name: 'typed', type: 'hash', keySize: 8, valueSize: 8, maxEntries: 64, flags: 1, pinByName: true },
      {
        name: 'nested',
        type: 'hash_of_maps',
        keySize: 4,
        valueSize: 4,
        maxEntries: 3,
        ...plain,
        innerMap: expect.objectContaining({ type: 'array', keySize: 4, valueSize: 2, maxEntries: 5 }),
      },
    ]);
    const keyType = object.maps.find(({ name }) => name === 'typed')?.keyType ?? 0;
    expect(object.btf.bareType(keyType)).toMatchObject({ kind: 'struct', name: 'key' });
  });

  it('knows where a function came from', () => {
    expect(object.functions.map(({ name, section, global }) => [name, section, global])).toEqual([
      ['other_section', '.text', false],
      ['each', '.text', false],
      ['same_section', 'xdp', false],
      ['entry', 'xdp', true],
      ['looping', 'xdp', true],
      ['classify', 'tc', true],
    ]);
    expect(object.license).toBe('GPL');
  });

  it('names what is called: in the same section, in another, outside of the object, and back by the kernel', () => {
    expect(calls('entry')).toEqual(['other_section', 'same_section', 'stage']);
    expect(calls('looping')).toEqual(['each']);
  });

  it('names maps, and variables by section and offset', () => {
    const maps = ['entry', 'classify', 'other_section'].flatMap((name) =>
      functionOf(name).instructions.flatMap(({ map }) => (map ? [`${map.name} ${map.kind} ${map.offset}`] : [])),
    );
    expect(maps).toEqual([
      'sized fd 0',
      'typed fd 0',
      'nested fd 0',
      '.bss value 0',
      '.data value 0',
      '.bss value 0',
      '.rodata value 4',
    ]);
  });

  it('says where in the source an instruction comes from', () => {
    expect(disassemble(functionOf('each'))).toEqual([
      'each:',
      expect.stringMatching(/^ {2}r2 = map\[\.data\]\[0\] \+ 0 {2}\/\* sample\.c:\d+ total \+= index; \*\/$/),
      '  r3 = *(u64 *)(r2 + 0)',
      '  r3 += r1',
      '  *(u64 *)(r2 + 0) = r3',
      expect.stringMatching(/^ {2}r0 = 0 {2}\/\* sample\.c:\d+ return 0; \*\/$/),
      '  exit',
    ]);
  });

  it('gives functions that link with generated ones', () => {
    const stage = createAssembler('stage');
    stage.mov(R0, 1);
    stage.exit();
    const { functions } = link(functionOf('entry'), [...object.functions, stage.finish()]);
    expect(functions.map(({ name }) => name)).toEqual(['entry', 'other_section', 'same_section', 'stage']);
  });

  it('gives data sections with their variables', () => {
    const variables = object.dataSections.map(({ name, readOnly, bytes, variables }) => [
      name,
      readOnly,
      [...bytes],
      variables.map((variable) => `${variable.name} ${variable.offset} ${variable.size}`),
    ]);
    expect(variables).toEqual([
      ['.rodata', true, [3, 0, 0, 0, 0xfe, 0xff], ['factor 0 4', 'addend 4 2']],
      ['.data', false, [40, 0, 0, 0, 0, 0, 0, 0], ['total 0 8']],
      ['.bss', false, [0, 0, 0, 0], ['calls 0 4']],
    ]);
  });
});

describe('setVariables', () => {
  const rodata = () => {
    const section = object.dataSections[0];
    if (section === undefined) throw new Error('no .rodata');
    return section;
  };

  it('sets variables by name and leaves the others as compiled', () => {
    expect([...setVariables(rodata(), { factor: 0xffff_fffe })]).toEqual([0xfe, 0xff, 0xff, 0xff, 0xfe, 0xff]);
    expect([...setVariables(rodata(), { addend: -3n, factor: true })]).toEqual([1, 0, 0, 0, 0xfd, 0xff]);
    expect([...setVariables(rodata(), { addend: Uint8Array.of(7, 8) })]).toEqual([3, 0, 0, 0, 7, 8]);
    expect([...rodata().bytes]).toEqual([3, 0, 0, 0, 0xfe, 0xff]);
  });

  it('leaves a section of a Buffer as compiled, too', () => {
    const section = { ...rodata(), bytes: Buffer.from(rodata().bytes) };
    setVariables(section, { factor: 7 });
    expect([...setVariables(section, {})]).toEqual([3, 0, 0, 0, 0xfe, 0xff]);
  });

  it('names every variable that is not there and every value that does not fit', () => {
    const values = { factr: 1, factor: 2 ** 32, addend: Uint8Array.of(1) };
    expect(() => setVariables(rodata(), values)).toThrow(
      '.rodata has no variable "factr"; ' +
        '.rodata: 4294967296 does not fit "factor", which has 4 bytes; ' +
        '.rodata: 1 does not fit "addend", which has 2 bytes',
    );
    expect(() => setVariables(rodata(), { factor: 0.5 })).toThrow(SluiceError);
  });
});

describe('a damaged object', () => {
  /** What is said of an object; anything but a SluiceError fails the test. */
  function complaintAbout(damaged: Uint8Array): string | undefined {
    try {
      readObject(damaged, 'damaged.o');
    } catch (error) {
      if (error instanceof SluiceError) return error.message;
      throw error;
    }
    return undefined;
  }

  it.each([
    ['is empty', () => new Uint8Array(), 'damaged.o: is not an ELF file'],
    ['is text', () => new TextEncoder().encode('#!/bin/sh\n'.repeat(20)), 'damaged.o: is not an ELF file'],
    [
      'is for another machine',
      () => bytes.with(18, 62),
      'damaged.o: is an ELF file, but not one for little-endian BPF',
    ],
  ])('that %s is refused', (_, damage, complaint) => {
    expect(complaintAbout(damage())).toBe(complaint);
  });

  it('that is cut short anywhere is refused', () => {
    // The section table is what an object ends with.
    for (let length = 0; length < bytes.length; length += 97) {
      expect(complaintAbout(bytes.subarray(0, length))).toMatch(/^damaged\.o/);
    }
  });

  it('with any bytes changed is read or refused', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const damaged = bytes.slice();
        for (const [position, value] of changes) damaged[position % damaged.length] = value;
        complaintAbout(damaged);
      }),
      { numRuns: 300 },
    );
  });

  it('with any number in its tables changed is read or refused', () => {
    // Where the file and section headers are, almost every byte means something.
    const table = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(40, true));
    fc.assert(
      fc.property(fc.boolean(), fc.nat(), fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_ffff), (inHeader, at, value) => {
        const damaged = bytes.slice();
        const position = inHeader ? at % 60 : table + (at % (bytes.length - table - 4));
        new DataView(damaged.buffer).setUint32(position, value, true);
        complaintAbout(damaged);
      }),
      { numRuns: 300 },
    );
  });
});
