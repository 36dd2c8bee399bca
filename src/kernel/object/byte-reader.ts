import { SluiceError } from '../../diagnostics/problem.ts';

/** Little-endian reads from bytes that may be cut short or hostile: one beyond the end is a SluiceError. */
export interface ByteReader {
  readonly length: number;
  u8(offset: number): number;
  u16(offset: number): number;
  u32(offset: number): number;
  i32(offset: number): number;
  u64(offset: number): bigint;
  /** A 64-bit number that must be an offset or size within reach of a JavaScript number. */
  size(offset: number): number;
  /** A string that a zero byte ends. */
  string(offset: number): string;
  /** A view of these bytes, not a copy. */
  slice(offset: number, length: number): Uint8Array;
}

const latin1 = new TextDecoder('latin1');

/** `what` names the bytes in errors: `.BTF of xdp.bpf.o`. */
export function readBytes(bytes: Uint8Array, what: string): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  function within(offset: number, length: number): number {
    if (offset >= 0 && length >= 0 && offset + length <= bytes.length) return offset;
    throw corrupt(`${what}: ${length} bytes wanted at ${offset}, but it has ${bytes.length}`);
  }

  return {
    length: bytes.length,
    u8: (offset) => view.getUint8(within(offset, 1)),
    u16: (offset) => view.getUint16(within(offset, 2), true),
    u32: (offset) => view.getUint32(within(offset, 4), true),
    i32: (offset) => view.getInt32(within(offset, 4), true),
    u64: (offset) => view.getBigUint64(within(offset, 8), true),
    size: (offset) => Number(view.getBigUint64(within(offset, 8), true)),
    string(offset) {
      const end = bytes.indexOf(0, within(offset, 1));
      if (end < 0) throw corrupt(`${what}: the string at ${offset} has no end`);
      return latin1.decode(bytes.subarray(offset, end));
    },
    slice: (offset, length) => bytes.subarray(within(offset, length), offset + length),
  };
}

/** The bytes contradict themselves. */
export function corrupt(message: string): SluiceError {
  return new SluiceError({ code: 'object/corrupt', message });
}

/** The bytes are in order, but ask for what this reader does not know. */
export function unsupported(message: string): SluiceError {
  return new SluiceError({ code: 'object/unsupported', message });
}
