import { describe, expect, test } from 'vitest';
import { concat } from './bytes.ts';
import { readCaptureBytes } from './capture.ts';
import type { CaptureRecord } from './capture-record.ts';
import { pcapngWriter } from './testing/pcapng-blocks.ts';

const read = (...blocks: Uint8Array[]): CaptureRecord[] => [...readCaptureBytes(concat(...blocks), 'x.pcapng')];
const abc = Uint8Array.of(0xa, 0xb, 0xc);

describe.each([
  ['little endian', true],
  ['big endian', false],
])('pcapng, %s', (_name, littleEndian) => {
  const w = pcapngWriter(littleEndian);
  const oneInterface = [w.section(), w.interface(1)];

  test('packets of every kind of block are read', () => {
    const records = read(...oneInterface, w.enhanced(0, 1_500_000n, abc, 60), w.obsolete(0, 2n, abc), w.simple(abc));
    expect(records).toEqual([
      { index: 1, timestampNs: 1_500_000_000n, bytes: abc, wireLength: 60, linkType: 1 },
      { index: 2, timestampNs: 2000n, bytes: abc, wireLength: 3, linkType: 1 },
      { index: 3, timestampNs: 0n, bytes: abc, wireLength: 3, linkType: 1 },
    ]);
  });

  test('each interface has its link type and its clock', () => {
    const records = read(
      w.section(),
      w.interface(1, 0, w.resolution(9)),
      w.interface(101, 0, w.resolution(3), w.timeOffset(10n)),
      w.interface(113, 0, w.resolution(0x80 | 10)),
      w.interface(1, 0, w.resolution(12)),
      w.enhanced(0, 7n, abc),
      w.enhanced(1, 7n, abc),
      w.enhanced(2, 512n, abc),
      w.enhanced(3, 7999n, abc),
    );
    expect(records.map(({ linkType, timestampNs }) => [linkType, timestampNs])).toEqual([
      [1, 7n],
      [101, 10_007_000_000n],
      [113, 500_000_000n],
      [1, 7n],
    ]);
  });

  test('the snapshot length says how much of a simple packet is there', () => {
    const [record] = read(w.section(), w.interface(1, 3), w.simple(abc, 1500));
    expect(record).toMatchObject({ bytes: abc, wireLength: 1500 });
  });

  test('a section begins anew, even in the other byte order', () => {
    const other = pcapngWriter(!littleEndian);
    const second = [other.section(), other.interface(101), other.enhanced(0, 0n, abc)];
    const records = read(...oneInterface, w.enhanced(0, 0n, abc), ...second);
    expect(records.map(({ index, linkType }) => [index, linkType])).toEqual([
      [1, 1],
      [2, 101],
    ]);
  });

  test('blocks that hold no packets are passed over, however long', () => {
    const comment = w.block(0xbad, new Uint8Array(3 << 20));
    expect(read(...oneInterface, comment, w.enhanced(0, 0n, abc))).toHaveLength(1);
  });

  test.each([
    [
      'an interface that is not described',
      [w.enhanced(1, 0n, abc)],
      'record 1 is of interface 1, which the file does not describe',
    ],
    ['a packet longer than its block', [w.block(3, w.u32(9), abc)], 'record 1 claims to have 9 bytes in a block of 8'],
    [
      'an absurd packet',
      [w.block(6, ...[0, 0, 0, 0xffff_ffff, 0].map(w.u32))],
      'record 1 at byte 52 claims to have 4294967295 bytes',
    ],
    [
      'an absurd block',
      [w.u32(6), w.u32(0xffff_fff0), w.u32(0)],
      'the block at byte 52 claims to have 4294967280 bytes',
    ],
    ['a block too short for what it is', [w.block(6, abc)], 'the block at byte 52 has an impossible length of 16'],
    ['a block without length', [w.u32(6), w.u32(0), w.u32(0)], 'the block at byte 52 has an impossible length of 0'],
    [
      'a block with two lengths',
      [w.simple(abc).fill(0, -4)],
      'the block at byte 52 has one length before and another behind it',
    ],
  ])('%s is refused', (_what, blocks, message) => {
    expect(() => read(...oneInterface, ...blocks)).toThrow(`x.pcapng: ${message}`);
  });

  test('a section header without byte order is refused', () => {
    expect(() => read(w.section().fill(0, 8, 12))).toThrow('x.pcapng: the section header at byte 0 says no byte order');
  });

  test('packets before the cut are read', () => {
    const whole = concat(...oneInterface, w.enhanced(0, 0n, abc), w.enhanced(0, 0n, abc));
    const seen: number[] = [];
    const readAll = () => {
      for (const { index } of readCaptureBytes(whole.subarray(0, -1), 'x.pcapng')) seen.push(index);
    };
    expect(readAll).toThrow('x.pcapng ends within the block of record 2, which begins at byte 88');
    expect(seen).toEqual([1]);
  });

  test('a block that is passed over may be cut short too', () => {
    const whole = concat(...oneInterface, w.block(0xbad, new Uint8Array(3 << 20)));
    expect(() => read(whole.subarray(0, -1))).toThrow('ends within the block of record 1, which begins at byte 52');
  });
});
