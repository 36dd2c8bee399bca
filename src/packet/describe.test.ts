import { expect, test } from 'vitest';
import { describePacket } from './describe.ts';
import { parseFrame } from './parse.ts';

const describeHex = (hex: string) =>
  describePacket(parseFrame(Buffer.from(hex.replace(/\s/g, ''), 'hex'), { ifindex: 1 }));

test.each([
  ['a frame without a link header', '0200', 'frame length=0 (truncated-ethernet)'],
  ['an ethertype that nobody parses', '020000000002020000000001 88cc 0207', 'ethertype=0x88cc length=2'],
  [
    'a header that contradicts itself',
    `020000000002020000000001 0800 ${'00'.repeat(20)}`,
    'ethertype=0x0800 length=20 (bad-ipv4-header)',
  ],
  [
    'a transport header cut short',
    '020000000002020000000001 0800 4500001800000000 4011f6bb c0000201 c0000202 00350035',
    'udp 192.0.2.1 > 192.0.2.2 length=24 (truncated-udp)',
  ],
])('%s', (_what, hex, described) => {
  expect(describeHex(hex)).toBe(described);
});
