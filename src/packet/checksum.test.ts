import { expect, test } from 'vitest';
import { crc32c, internetChecksum } from './checksum.ts';

test('the Internet checksum of the example in RFC 1071', () => {
  expect(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0x220d);
});

test('a last odd byte counts as the high half of a word', () => {
  expect(internetChecksum(Uint8Array.of(0x12, 0x34, 0x56))).toBe(~(0x1234 + 0x5600) & 0xffff);
});

test('a sum of many megabytes does not lose its carries', () => {
  expect(internetChecksum(new Uint8Array(1 << 20).fill(0xff))).toBe(0);
});

test('CRC-32C of its check string', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});
