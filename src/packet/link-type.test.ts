import { describe, expect, test } from 'vitest';
import { SluiceError } from '../diagnostics/problem.ts';
import { buildFrame } from './build.ts';
import { concat } from './bytes.ts';
import { describePacket } from './describe.ts';
import { toEthernet } from './link-type.ts';
import { parseNotation } from './notation.ts';
import { parseFrame } from './parse.ts';

const ipPacket = (text: string) => buildFrame(parseNotation(text)).subarray(14);
const texts = { 4: 'udp 192.0.2.1:1 > 192.0.2.2:2 length=28', 6: 'udp [::1]:1 > [::2]:2 length=48' } as const;

function record(linkType: number, bytes: Uint8Array, wireLength = bytes.length) {
  return { index: 3, timestampNs: 0n, bytes, wireLength, linkType };
}

const hex = (digits: string) => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ''), 'hex'));

describe('packets of other links become Ethernet frames', () => {
  const cases: readonly [string, number, string, 4 | 6][] = [
    ['NULL, little endian', 0, '02000000', 4],
    ['NULL, big endian', 0, '00000002', 4],
    ['NULL, FreeBSD', 0, '1c000000', 6],
    ['NULL, macOS', 0, '1e000000', 6],
    ['LOOP, OpenBSD', 108, '00000018', 6],
    ['RAW', 101, '', 4],
    ['RAW', 101, '', 6],
    ['RAW of BSD', 12, '', 6],
    ['RAW of OpenBSD', 14, '', 4],
    ['IPV4', 228, '', 4],
    ['IPV6', 229, '', 6],
    ['LINUX_SLL', 113, '0000 0001 0006 0200000000010000 0800', 4],
    ['LINUX_SLL2', 276, '86dd 0000 00000001 0001 00 06 0200000000010000', 6],
  ];

  test.each(cases)('%s (%i) %s carries IPv%i', (_name, linkType, header, family) => {
    const bytes = concat(hex(header), ipPacket(texts[family]));
    const { bytes: frame, frameLength } = toEthernet(record(linkType, bytes, bytes.length + 100));
    expect(frameLength).toBe(frame.length + 100);
    expect(describePacket(parseFrame(frame, { ifindex: 1 }))).toBe(texts[family]);
  });
});

test('Ethernet stays as it is', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  expect(toEthernet(record(1, bytes, 60))).toEqual({ bytes, frameLength: 60 });
});

test('a packet too short for its link header is a truncated frame', () => {
  const { bytes, frameLength } = toEthernet(record(113, new Uint8Array(15)));
  expect(describePacket(parseFrame(bytes, { ifindex: 1, frameLength }))).toBe('frame length=0 (truncated-ethernet)');
});

test.each([
  [127, 'record 3 has the link type 127 (IEEE802_11_RADIO)'],
  [147, 'record 3 has the link type 147'],
])('the link type %i is refused by name', (linkType, message) => {
  const refused = () => toEthernet(record(linkType, new Uint8Array(60)));
  expect(refused).toThrow(SluiceError);
  expect(refused).toThrow(message);
});
