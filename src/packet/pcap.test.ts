import { describe, expect, test } from 'vitest';
import { readCaptureBytes } from './capture.ts';
import { writePcap } from './pcap.ts';

const abc = Uint8Array.of(0xa, 0xb, 0xc);
const read = (file: Uint8Array) => [...readCaptureBytes(file, 'x.pcap')];

/** A file with one packet of three bytes at 2 s and 5 units, of 60 bytes on the wire. */
function fileOf(magic: number, littleEndian: boolean, length = abc.length): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 + 16 + abc.length));
  const u32 = (offset: number, value: number) => view.setUint32(offset, value, littleEndian);
  u32(0, magic);
  view.setUint16(4, 2, littleEndian);
  u32(20, 0x1000_0000 | 101);
  for (const [index, value] of [2, 5, length, 60].entries()) u32(24 + index * 4, value);
  const file = new Uint8Array(view.buffer);
  file.set(abc, 40);
  return file;
}

describe('pcap', () => {
  test.each([
    ['microseconds', 0xa1b2c3d4, true, 2_000_005_000n],
    ['microseconds', 0xa1b2c3d4, false, 2_000_005_000n],
    ['nanoseconds', 0xa1b23c4d, true, 2_000_000_005n],
    ['nanoseconds', 0xa1b23c4d, false, 2_000_000_005n],
  ])('in %s, magic %i, little endian: %s', (_unit, magic, littleEndian, timestampNs) => {
    const record = { index: 1, timestampNs, bytes: abc, wireLength: 60, linkType: 101 };
    expect(read(fileOf(magic, littleEndian))).toEqual([record]);
  });

  test('what is written is read', () => {
    const packets = [
      { bytes: abc, timestampNs: 1_700_000_000_123_456_789n, wireLength: 1500 },
      { bytes: new Uint8Array() },
      { bytes: new Uint8Array(65_536).fill(1) },
    ];
    expect(read(writePcap(packets, 228))).toEqual([
      { index: 1, timestampNs: 1_700_000_000_123_456_789n, bytes: abc, wireLength: 1500, linkType: 228 },
      { index: 2, timestampNs: 0n, bytes: new Uint8Array(), wireLength: 0, linkType: 228 },
      { index: 3, timestampNs: 0n, bytes: new Uint8Array(65_536).fill(1), wireLength: 65_536, linkType: 228 },
    ]);
  });

  test('a packet is never shorter on the wire than in the file', () => {
    const file = fileOf(0xa1b2c3d4, true);
    file.fill(0, 36, 40);
    expect(read(file)).toMatchObject([{ wireLength: 3 }]);
  });

  test('an absurd length is refused before memory is taken for it', () => {
    const message = 'x.pcap: record 1 at byte 24 claims to have 4294967295 bytes';
    expect(() => read(fileOf(0xa1b2c3d4, true, 0xffff_ffff))).toThrow(message);
  });

  test('another version is refused', () => {
    expect(() => read(fileOf(0xa1b2c3d4, true).fill(9, 4, 5))).toThrow('x.pcap: pcap version 9, where only 2 is known');
  });
});
