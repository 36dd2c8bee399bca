import { alignUp } from '../system/struct.ts';
import { NLA_F_NESTED, NLA_TYPE_MASK } from '../system/uapi-rtnetlink.ts';

/** An attribute to send: bytes, a u32 in host order, text with a NUL, or attributes within. */
export type AttributeValue = Uint8Array | number | string | readonly Attribute[];
export type Attribute = readonly [type: number, value: AttributeValue];

const HEADER = 4;

/** `struct nlattr` after `struct nlattr`, each at a multiple of four. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  return Buffer.concat(attributes.map(([type, value]) => encodeAttribute(type, value)));
}

function encodeAttribute(type: number, value: AttributeValue): Uint8Array {
  const payload = encodeValue(value);
  const nested = Array.isArray(value) ? NLA_F_NESTED : 0;
  const bytes = Buffer.alloc(alignUp(HEADER + payload.length, 4));
  bytes.writeUInt16LE(HEADER + payload.length, 0);
  bytes.writeUInt16LE(type | nested, 2);
  bytes.set(payload, HEADER);
  return bytes;
}

function encodeValue(value: AttributeValue): Uint8Array {
  if (typeof value === 'number') return new Uint8Array(Uint32Array.of(value).buffer);
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  return value instanceof Uint8Array ? value : encodeAttributes(value);
}

/** The attributes in `bytes`, by type. Of two of one type the last is kept; what is cut short is left out. */
export function decodeAttributes(bytes: Uint8Array): Map<number, Buffer> {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result = new Map<number, Buffer>();
  for (let offset = 0; offset + HEADER <= data.length; ) {
    const length = data.readUInt16LE(offset);
    if (length < HEADER || offset + length > data.length) break;
    result.set(data.readUInt16LE(offset + 2) & NLA_TYPE_MASK, data.subarray(offset + HEADER, offset + length));
    offset += alignUp(length, 4);
  }
  return result;
}
