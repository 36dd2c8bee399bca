import { buildFrame } from '../../../src/packet/build.ts';
import { parseNotation } from '../../../src/packet/notation.ts';
import { parseFrame } from '../../../src/packet/parse.ts';
import type { PacketSpec } from '../../../src/packet/spec.ts';

/** A packet that a policy rejects, and the frame that goes back, or none. */
export interface Rejection {
  readonly says: string;
  readonly packet: Uint8Array;
  /** In hex, a header an item: Ethernet with its tags, IP, transport, what is quoted. */
  readonly answer?: readonly string[];
}

interface FrameOptions extends Partial<PacketSpec> {
  /** TCP sequence and acknowledgement numbers, eight bytes in hex. */
  readonly numbers?: string;
  /** Hex over the frame's first bytes. */
  readonly start?: string;
  /** Bytes of padding behind the packet. */
  readonly padding?: number;
}

/** A frame from notation, and from what notation cannot say. */
export function frame(notation: string, { numbers, start, padding = 0, ...headers }: FrameOptions = {}): Uint8Array {
  const bytes = new Uint8Array([...buildFrame({ ...parseNotation(notation), ...headers }), ...new Uint8Array(padding)]);
  if (start !== undefined) bytes.set(Buffer.from(start, 'hex'));
  if (numbers !== undefined) bytes.set(Buffer.from(numbers, 'hex'), parseFrame(bytes, { ifindex: 0 }).l4Offset + 4);
  return bytes;
}

export const tcp4 = 'tcp 198.51.100.7:40000 > 192.0.2.10:22';
export const tcp6 = 'tcp [2001:db8::7]:40000 > [2001:db8::10]:22';
export const udp4 = 'udp 198.51.100.7:40000 > 192.0.2.10:53';
export const udp6 = 'udp [2001:db8::7]:40000 > [2001:db8::10]:53';

/** No operation, so many times. */
export const options = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(1);
