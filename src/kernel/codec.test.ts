import { describe, expect, it } from 'vitest';
import { array, be16, be32, bytes, decode, encode, i8, i16, i32, i64, u8, u16, u32, u64 } from './codec.ts';

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

describe('codecs', () => {
  it('write little endian, and network order where they say so', () => {
    expect(hex(encode(u8, 0x12))).toBe('12');
    expect(hex(encode(u16, 0x1234))).toBe('3412');
    expect(hex(encode(u32, 0x1234_5678))).toBe('78563412');
    expect(hex(encode(u64, 0x1122_3344_5566_7788n))).toBe('8877665544332211');
    expect(hex(encode(be16, 0x1234))).toBe('1234');
    expect(hex(encode(be32, 0x1234_5678))).toBe('12345678');
  });

  it('tell signed from unsigned', () => {
    const ones = new Uint8Array(8).fill(0xff);
    expect([u8, u16, u32].map((codec) => decode(codec, ones))).toEqual([0xff, 0xffff, 0xffff_ffff]);
    expect([i8, i16, i32].map((codec) => decode(codec, ones))).toEqual([-1, -1, -1]);
    expect([decode(u64, ones), decode(i64, ones)]).toEqual([2n ** 64n - 1n, -1n]);
  });

  it('read a value from within other memory', () => {
    expect(decode(u16, new Uint8Array([0, 0x34, 0x12]).subarray(1))).toBe(0x1234);
  });

  it('read bytes that no longer change with the memory', () => {
    const memory = Uint8Array.of(1, 2, 3);
    const value = decode(bytes(2), memory);
    memory.fill(0);
    expect(value).toEqual(Uint8Array.of(1, 2));
  });

  it('fill up short bytes, and refuse what is too long', () => {
    const view = new DataView(Uint8Array.of(9, 9, 9, 9).buffer);
    bytes(3).write(view, 0, Uint8Array.of(1));
    expect(new Uint8Array(view.buffer)).toEqual(Uint8Array.of(1, 0, 0, 9));
    expect(() => encode(bytes(2), Uint8Array.of(1, 2, 3))).toThrow(RangeError);
    expect(() => encode(array(u8, 1), [1, 2])).toThrow(RangeError);
  });

  it('put the elements of an array one behind the other', () => {
    const codec = array(u16, 3);
    expect(codec.size).toBe(6);
    expect(hex(encode(codec, [1, 2, 3]))).toBe('010002000300');
    expect(decode(codec, encode(codec, [1, 2, 3]))).toEqual([1, 2, 3]);
  });
});
