import { type MemorySize, R1, R2, R8 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { PayloadMatch } from '../checked.ts';
import { type Emitter, loadField } from './emitter.ts';
import { emitLoadBytes } from './load-bytes.ts';

const bases = {
  network: packetFields.l3Offset,
  transport: packetFields.l4Offset,
  payload: packetFields.payloadOffset,
} as const;

const sizes: readonly (readonly [MemorySize, number])[] = [
  ['u64', 8],
  ['u32', 4],
  ['u16', 2],
  ['u8', 1],
];

/** Jumps to `no` unless the frame's bytes are those of the match, compared in the largest pieces that fit. */
export function emitPayload(e: Emitter, match: PayloadMatch, no: string): void {
  const { asm } = e;
  let at = 0;
  while (at < match.bytes.length) {
    const [size, length] = sizes.find(([, bytes]) => bytes <= match.bytes.length - at) as (typeof sizes)[number];
    const mask = bigEndian(match.mask.subarray(at, at + length));
    if (match.base === 'frame') asm.mov(R2, match.offset + at);
    else {
      loadField(asm, R2, bases[match.base]);
      asm.add(R2, match.offset + at);
    }
    emitLoadBytes(e, R8, size, no);
    asm.loadImm64(R1, mask);
    asm.and(R8, R1);
    asm.loadImm64(R1, bigEndian(match.bytes.subarray(at, at + length)) & mask);
    asm.jumpIf(R8, 'ne', R1, no);
    at += length;
  }
}

const bigEndian = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
