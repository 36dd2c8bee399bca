import type { Packet } from '../generated/abi.ts';

/** A frame under the parser: its bytes and what is known of it so far. */
export interface Cursor {
  /** The bytes at hand: fewer than `packet.frameLength` where the capture cut the frame. */
  readonly view: DataView;
  readonly packet: { -readonly [Field in keyof Packet]: Packet[Field] };
}

/** Whether `size` bytes at `offset` are at hand. */
export function holds({ view }: Cursor, offset: number, size: number): boolean {
  return offset + size <= view.byteLength;
}
