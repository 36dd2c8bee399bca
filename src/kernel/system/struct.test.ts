import { expect, it } from 'vitest';
import { cString, struct, textOf } from './struct.ts';

const example = struct({ flag: 'u8', port: 'u16', name: 5, count: 'u32', bytes: 'u64', error: 's32' });

it('lays fields out as C does', () => {
  expect(example.offsets).toEqual({ flag: 0, port: 2, name: 4, count: 12, bytes: 16, error: 24 });
  expect(example.size).toBe(32);
  expect(struct({ a: 'u8' }).size).toBe(1);
});

it('reads back what it wrote, and zeroes elsewhere', () => {
  const values = { flag: 255, port: 0x1234, name: 'eth0', count: 0xffffffff, bytes: 2n ** 63n, error: -22 };
  const { bytes } = example.encode(values);
  expect(example.decode(bytes)).toEqual({ ...values, name: Uint8Array.from(Buffer.from('eth0\0')) });
  expect(example.decode(example.encode({}).bytes)).toMatchObject({ flag: 0, bytes: 0n, error: 0 });
});

it('cuts text to its field, and reads it up to the NUL', () => {
  expect(textOf(example.decode(example.encode({ name: 'a-long-name' }).bytes).name)).toBe('a-lon');
  expect(textOf(Uint8Array.from([97, 0, 98]))).toBe('a');
  expect([...cString('é')]).toEqual([0xc3, 0xa9, 0]);
});

it('writes the address of what a pointer points to, and keeps it', () => {
  const target = new Uint8Array(8);
  const { view, pointees } = struct({ pointer: 'pointer', none: 'pointer' }).encode({ pointer: target });
  expect(view.getBigUint64(0, true)).toBeGreaterThan(0n);
  expect(view.getBigUint64(8, true)).toBe(0n);
  expect(pointees).toEqual([target]);
});
