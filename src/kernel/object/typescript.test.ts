import { transformSync } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { withObject } from '../../../test/objects/compile.ts';
import * as codec from '../codec.ts';
import { parseBtf } from './btf.ts';
import { readElf } from './elf.ts';
import { generateTypescript } from './typescript.ts';

interface Shape {
  readonly id: bigint;
  readonly centre: { readonly x: number; readonly y: number };
  readonly corners: readonly { readonly x: number; readonly y: number }[];
  readonly nameBytes: Uint8Array;
  readonly sizes: readonly number[];
  readonly either: number;
  readonly or: number;
}

let source: string;
let generated: Record<string, unknown>;

beforeAll(() => {
  const options = { header: '// Generated.', codecModule: 'codec', constantEnums: ['limit'] };
  source = withObject('records.c', (object) =>
    generateTypescript(parseBtf(readElf(object, 'records.o').contents('.BTF')), options),
  );
  const module = { exports: {} };
  const { code } = transformSync(source, { loader: 'ts', format: 'cjs' });
  new Function('module', 'require', code)(module, () => codec);
  generated = module.exports;
});

describe('generateTypescript', () => {
  it('gives enums their values without the prefix, and names as policies write them', () => {
    expect(generated['Colour']).toEqual({ RED: 1, DARK_BLUE: 2, MAX: 3 });
    expect(generated['colourNames']).toEqual({ 1: 'red', 2: 'dark-blue' });
    expect(generated['FLOWS']).toBe(4096);
    expect(generated['Limit']).toBeUndefined();
  });

  it('gives the places of members, those of anonymous unions too', () => {
    expect(generated['shapeFields']).toEqual({
      id: { name: 'id', offset: 0, size: 8 },
      centre: { name: 'centre', offset: 8, size: 4 },
      corners: { name: 'corners', offset: 12, size: 8 },
      nameBytes: { name: 'name_bytes', offset: 20, size: 3 },
      sizes: { name: 'sizes', offset: 24, size: 4 },
      either: { name: 'either', offset: 28, size: 4 },
      or: { name: 'or', offset: 28, size: 4 },
    });
  });

  it('gives codecs that read what they wrote, where C has it', () => {
    const shapeCodec = generated['shapeCodec'] as codec.Codec<Shape>;
    const shape: Shape = {
      id: 0x1122_3344_5566_7788n,
      centre: { x: -1, y: 2 },
      corners: [
        { x: 3, y: 4 },
        { x: 5, y: -6 },
      ],
      nameBytes: Uint8Array.of(7, 8, 9),
      sizes: [10, 0xffff],
      either: -2,
      or: 0xffff_fffe,
    };
    const bytes = codec.encode(shapeCodec, shape);
    expect(Buffer.from(bytes).toString('hex')).toBe('8877665544332211ffff0200030004000500faff070809000a00fffffeffffff');
    expect(codec.decode(shapeCodec, bytes)).toEqual(shape);
  });

  it('gives only places of a struct with a pointer or a bit field', () => {
    expect(generated['opaqueFields']).toMatchObject({ plain: { offset: 12 }, pointer: { offset: 0, size: 8 } });
    expect(generated['opaqueCodec']).toBeUndefined();
    expect(source).not.toContain('interface Opaque');
  });

  it('says types', () => {
    expect(source).toContain(`export interface Point {
  readonly x: number;
  readonly y: number;
}
`);
    expect(source).toContain('  readonly corners: readonly Point[];\n  readonly nameBytes: Uint8Array;\n');
  });
});
