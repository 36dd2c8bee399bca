import { concat } from '../bytes.ts';

/** Writes blocks of pcapng files, right or wrong, for tests. */
export function pcapngWriter(littleEndian: boolean) {
  const number = (size: 1 | 2 | 4, value: number): Uint8Array => {
    const view = new DataView(new ArrayBuffer(size));
    if (size === 1) view.setUint8(0, value);
    else if (size === 2) view.setUint16(0, value, littleEndian);
    else view.setUint32(0, value, littleEndian);
    return new Uint8Array(view.buffer);
  };
  const u16 = (value: number) => number(2, value);
  const u32 = (value: number) => number(4, value);
  const u64 = (value: bigint) => {
    const [high, low] = [u32(Number(value >> 32n)), u32(Number(value & 0xffff_ffffn))];
    return littleEndian ? concat(low, high) : concat(high, low);
  };
  const padded = (bytes: Uint8Array) => concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));

  const block = (type: number, ...parts: Uint8Array[]): Uint8Array => {
    const body = padded(concat(...parts));
    return concat(u32(type), u32(body.length + 12), body, u32(body.length + 12));
  };
  const option = (code: number, value: Uint8Array) => concat(u16(code), u16(value.length), padded(value));
  /** Ticks as the file has them: high half first, whatever the byte order. */
  const ticks = (value: bigint) => concat(u32(Number(value >> 32n)), u32(Number(value & 0xffff_ffffn)));

  return {
    block,
    section: () => block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1), u16(0), u64(0xffff_ffff_ffff_ffffn)),
    interface: (linkType: number, snapLength = 0, ...options: Uint8Array[]) =>
      block(1, u16(linkType), u16(0), u32(snapLength), ...options, option(0, new Uint8Array())),
    resolution: (value: number) => option(9, number(1, value)),
    timeOffset: (seconds: bigint) => option(14, u64(seconds)),
    enhanced: (interfaceId: number, time: bigint, bytes: Uint8Array, wireLength = bytes.length) =>
      block(6, u32(interfaceId), ticks(time), u32(bytes.length), u32(wireLength), bytes),
    obsolete: (interfaceId: number, time: bigint, bytes: Uint8Array) =>
      block(2, u16(interfaceId), u16(0), ticks(time), u32(bytes.length), u32(bytes.length), bytes),
    simple: (bytes: Uint8Array, wireLength = bytes.length) => block(3, u32(wireLength), bytes),
    u32,
  };
}
