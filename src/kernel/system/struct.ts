import { type Codec, i32, u8, u16, u32, u64 } from '../codec.ts';
import { addressOf } from './ffi.ts';

/**
 * Structs of the kernel's user API, laid out by the rules of C: each field stands at the next multiple of its own
 * alignment. Fields are named as in the kernel's headers, so that a definition can be read beside them.
 */
const integers = { u8, u16, u32, s32: i32, u64 } as const;

/** `pointer`: the address of bytes, or 0. A number: that many bytes, not aligned (a char array). */
export type FieldType = keyof typeof integers | 'pointer' | number;
export type Fields = Readonly<Record<string, FieldType>>;

type FieldValue<T extends FieldType> = T extends 'pointer'
  ? Uint8Array | undefined
  : T extends 'u64'
    ? bigint | number
    : T extends number
      ? Uint8Array | string
      : number;

type FieldResult<T extends FieldType> = T extends 'u64' | 'pointer' ? bigint : T extends number ? Uint8Array : number;

export type StructValues<F extends Fields> = { readonly [K in keyof F]?: FieldValue<F[K]> };
export type StructResult<F extends Fields> = { readonly [K in keyof F]: FieldResult<F[K]> };

/** The bytes of a struct, and what its pointers point to: keep this object for as long as the kernel reads it. */
export interface EncodedStruct {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly address: number;
  readonly pointees: readonly Uint8Array[];
}

export interface Struct<F extends Fields> {
  /** Bytes, trailing padding included. */
  readonly size: number;
  /** Of each field, in bytes. */
  readonly offsets: { readonly [K in keyof F]: number };
  /** Fields that are left out are zero. */
  encode(values: StructValues<F>): EncodedStruct;
  decode(bytes: Uint8Array): StructResult<F>;
}

export function struct<const F extends Fields>(fields: F): Struct<F> {
  const { size, offsets } = layOut(fields);
  return {
    size,
    offsets: offsets as Struct<F>['offsets'],
    encode(values) {
      const bytes = new Uint8Array(size);
      const view = new DataView(bytes.buffer);
      const pointees: Uint8Array[] = [];
      for (const [name, type] of Object.entries(fields)) {
        const value = values[name];
        if (value === undefined) continue;
        if (type === 'pointer') pointees.push(value as Uint8Array);
        writeField(view, offsets[name] ?? 0, type, value);
      }
      return { bytes, view, address: addressOf(bytes), pointees };
    },
    decode(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const result: Record<string, FieldResult<FieldType>> = {};
      for (const [name, type] of Object.entries(fields)) result[name] = readField(view, offsets[name] ?? 0, type);
      return result as StructResult<F>;
    },
  };
}

function layOut(fields: Fields): { size: number; offsets: Record<string, number> } {
  const offsets: Record<string, number> = {};
  let end = 0;
  let widest = 1;
  for (const [name, type] of Object.entries(fields)) {
    const size = typeof type === 'number' ? type : type === 'pointer' ? u64.size : integers[type].size;
    const alignment = typeof type === 'number' ? 1 : size;
    const offset = alignUp(end, alignment);
    offsets[name] = offset;
    end = offset + size;
    widest = Math.max(widest, alignment);
  }
  return { size: alignUp(end, widest), offsets };
}

/** The least multiple of `alignment` (a power of two) that is not below `value`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function writeField(view: DataView, offset: number, type: FieldType, value: FieldValue<FieldType>): void {
  if (typeof type === 'number') {
    const bytes = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);
    new Uint8Array(view.buffer, view.byteOffset + offset, type).set(bytes.subarray(0, type));
  } else if (type === 'pointer') {
    u64.write(view, offset, BigInt(addressOf(value as Uint8Array)));
  } else if (type === 'u64') {
    u64.write(view, offset, BigInt(value as bigint | number));
  } else {
    const codec: Codec<number> = integers[type];
    codec.write(view, offset, value as number);
  }
}

function readField(view: DataView, offset: number, type: FieldType): FieldResult<FieldType> {
  if (typeof type === 'number') return new Uint8Array(view.buffer, view.byteOffset + offset, type).slice();
  return (type === 'pointer' ? u64 : integers[type]).read(view, offset);
}

/** The text of a char array, up to its first NUL. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

/** `text` with the NUL that C wants behind it. */
export function cString(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(`${text}\0`));
}
