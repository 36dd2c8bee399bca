/**
 * How a value stands in memory that is shared with the kernel. Keys, values and events of maps are read and written
 * through codecs; those of the structs in bpf/abi/ are generated (src/generated/abi.ts). Integers are little endian,
 * the order of every host that Sluice runs on, except where a codec's name says otherwise.
 */
export interface Codec<T> {
  /** Bytes that a value takes, trailing padding included. */
  readonly size: number;
  /** Reads the value at `offset`. The result does not alias the view's memory. */
  read(view: DataView, offset: number): T;
  /** Writes the value at `offset`; a number too large for its field is cut to the low bits, as in C. */
  write(view: DataView, offset: number, value: T): void;
}

export const u8: Codec<number> = {
  size: 1,
  read: (view, offset) => view.getUint8(offset),
  write: (view, offset, value) => view.setUint8(offset, value),
};

export const u16: Codec<number> = {
  size: 2,
  read: (view, offset) => view.getUint16(offset, true),
  write: (view, offset, value) => view.setUint16(offset, value, true),
};

export const u32: Codec<number> = {
  size: 4,
  read: (view, offset) => view.getUint32(offset, true),
  write: (view, offset, value) => view.setUint32(offset, value, true),
};

export const u64: Codec<bigint> = {
  size: 8,
  read: (view, offset) => view.getBigUint64(offset, true),
  write: (view, offset, value) => view.setBigUint64(offset, value, true),
};

export const i8: Codec<number> = {
  size: 1,
  read: (view, offset) => view.getInt8(offset),
  write: (view, offset, value) => view.setInt8(offset, value),
};

export const i16: Codec<number> = {
  size: 2,
  read: (view, offset) => view.getInt16(offset, true),
  write: (view, offset, value) => view.setInt16(offset, value, true),
};

export const i32: Codec<number> = {
  size: 4,
  read: (view, offset) => view.getInt32(offset, true),
  write: (view, offset, value) => view.setInt32(offset, value, true),
};

export const i64: Codec<bigint> = {
  size: 8,
  read: (view, offset) => view.getBigInt64(offset, true),
  write: (view, offset, value) => view.setBigInt64(offset, value, true),
};

/** 16 bits in network byte order in memory; the value is in host order. */
export const be16: Codec<number> = {
  size: 2,
  read: (view, offset) => view.getUint16(offset),
  write: (view, offset, value) => view.setUint16(offset, value),
};

/** 32 bits in network byte order in memory; the value is in host order. */
export const be32: Codec<number> = {
  size: 4,
  read: (view, offset) => view.getUint32(offset),
  write: (view, offset, value) => view.setUint32(offset, value),
};

/** `length` bytes as they stand. A shorter value is filled up with zeroes, a longer one is a RangeError. */
export function bytes(length: number): Codec<Uint8Array> {
  return {
    size: length,
    read: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, length).slice(),
    write: (view, offset, value) => {
      const target = new Uint8Array(view.buffer, view.byteOffset + offset, length);
      target.fill(0, value.length);
      target.set(value);
    },
  };
}

/** `length` elements, one behind the other. Elements missing from a value are left as they are in memory. */
export function array<T>(element: Codec<T>, length: number): Codec<readonly T[]> {
  return {
    size: element.size * length,
    read: (view, offset) => Array.from({ length }, (_, index) => element.read(view, offset + index * element.size)),
    write: (view, offset, value) => {
      if (value.length > length) throw new RangeError(`${value.length} elements for an array of ${length}`);
      for (const [index, item] of value.entries()) element.write(view, offset + index * element.size, item);
    },
  };
}

/** The bytes of one value, in memory of its own. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const result = new Uint8Array(codec.size);
  codec.write(new DataView(result.buffer), 0, value);
  return result;
}

/** The value that stands at the start of `data`. */
export function decode<T>(codec: Codec<T>, data: Uint8Array): T {
  return codec.read(new DataView(data.buffer, data.byteOffset, data.byteLength), 0);
}

/** Where a member of a struct is, for code that reads it without a codec: eBPF instructions. */
export interface StructField {
  /** As in C. */
  readonly name: string;
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}
