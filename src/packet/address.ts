import ipaddr from 'ipaddr.js';

/** An address as struct packet holds it: host byte order, an IPv4 address in the low 32 bits of `lo`. */
export interface Address {
  readonly family: 4 | 6;
  readonly hi: bigint;
  readonly lo: bigint;
}

/** Reads `192.0.2.1` or `2001:db8::1`. Undefined where `text` is neither; a zone (`%eth0`) makes it neither. */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return fromBytes(4, ipaddr.IPv4.parse(text).toByteArray());
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return fromBytes(6, ipaddr.IPv6.parse(text).toByteArray());
}

/** The canonical text (RFC 5952 for IPv6). */
export function formatAddress(address: Address): string {
  const bytes = addressBytes(address);
  if (address.family === 4) return bytes.join('.');
  return new ipaddr.IPv6([...bytes]).toRFC5952String();
}

/** 4 or 16 bytes in network order. */
export function addressBytes({ family, hi, lo }: Address): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, hi);
  view.setBigUint64(8, lo);
  return new Uint8Array(view.buffer, family === 4 ? 12 : 0);
}

function fromBytes(family: 4 | 6, bytes: readonly number[]): Address {
  const view = new DataView(new ArrayBuffer(16));
  new Uint8Array(view.buffer).set(bytes, 16 - bytes.length);
  return { family, hi: view.getBigUint64(0), lo: view.getBigUint64(8) };
}
