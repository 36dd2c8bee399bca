import { type MemorySize, R1, R2, R8 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { PayloadMatch } from '../checked.ts';
import { type Piece, piecesOf, wordsOf } from '../operands.ts';
import { type Emitter, loadField } from './emitter.ts';
import { emitLoadBytes } from './load-bytes.ts';
import { loadOperand } from './operands.ts';

const bases = {
  network: packetFields.l3Offset,
  transport: packetFields.l4Offset,
  payload: packetFields.payloadOffset,
} as const;

const sizes: Readonly<Record<Piece['bytes'], MemorySize>> = { 8: 'u64', 4: 'u32', 2: 'u16', 1: 'u8' };

/**
 * Jumps to `no` unless the frame's bytes are those of the match, compared in the largest pieces that fit.
 * @param operand where in the rule's row masks and values stand; they are in the code where it is undefined
 */
export function emitPayload(e: Emitter, match: PayloadMatch, no: string, operand?: number): void {
  const { asm } = e;
  for (const [index, piece] of piecesOf(match.bytes.length).entries()) {
    if (match.base === 'frame') asm.mov(R2, match.offset + piece.at);
    else {
      loadField(asm, R2, bases[match.base]);
      asm.add(R2, match.offset + piece.at);
    }
    emitLoadBytes(e, R8, sizes[piece.bytes], no);
    const [mask, value] = wordsOf(piece, match.bytes, match.mask);
    const load = (word: number, constant: bigint): void => {
      if (operand === undefined) asm.loadImm64(R1, constant);
      else loadOperand(e, 'u64', R1, operand + 2 * index + word);
    };
    load(0, mask);
    asm.and(R8, R1);
    load(1, value);
    asm.jumpIf(R8, 'ne', R1, no);
  }
}
