import { expect, it } from 'vitest';
import { decodeAttributes, encodeAttributes } from './attributes.ts';

it('reads back the attributes that it wrote, nested ones too', () => {
  const bytes = encodeAttributes([
    [1, 'clsact'],
    [
      2,
      [
        [6, 42],
        [7, 'name'],
      ],
    ],
    [3, Uint8Array.of(1, 2, 3)],
  ]);
  expect(bytes.length % 4).toBe(0);
  const outer = decodeAttributes(bytes);
  expect(outer.get(1)?.toString()).toBe('clsact\0');
  expect([...(outer.get(3) ?? [])]).toEqual([1, 2, 3]);
  const inner = decodeAttributes(outer.get(2) ?? Uint8Array.of());
  expect(inner.get(6)?.readUInt32LE()).toBe(42);
  expect(inner.get(7)?.toString()).toBe('name\0');
});

it('leaves out an attribute that is cut short', () => {
  const bytes = encodeAttributes([
    [1, 7],
    [2, 8],
  ]);
  expect([...decodeAttributes(bytes.subarray(0, 14)).keys()]).toEqual([1]);
  expect([...decodeAttributes(Uint8Array.of(0, 0, 0, 0)).keys()]).toEqual([]);
});
