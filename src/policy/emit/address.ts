import { R1, R2, R3 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import { emitSetLookup } from '../../prefix-set/lookup.ts';
import { prefixes6 } from '../../prefix-set/prefixes.ts';
import type { AddressOperand, AddressRanges } from '../checked.ts';
import type { Test } from '../lower.ts';
import { addressFields, type Emitter, loadField, PACKET } from './emitter.ts';
import { emitFind } from './record-finder.ts';

type AddressTest = Extract<Test, { kind: 'address' }>;

/** Jumps to `no` unless the packet is IP and its source or destination matches. */
export function emitAddress(e: Emitter, { side, match }: AddressTest, no: string): void {
  const { asm } = e;
  const six = asm.uniqueLabel('v6');
  const yes = asm.uniqueLabel('address');
  loadField(asm, R1, packetFields.family);
  asm.jumpIf32(R1, 'eq', 6, six);
  asm.jumpIf32(R1, 'ne', 4, no);
  emitFamily('v4');
  asm.jump(yes);
  asm.label(six);
  emitFamily('v6');
  asm.label(yes);

  function emitFamily(family: 'v4' | 'v6'): void {
    const isIn = asm.uniqueLabel(`${family}-in`);
    for (const operand of match.any) emitOperand(e, operand, side, family, isIn);
    if (match.any.length > 0) asm.jump(no);
    asm.label(isIn);
    for (const operand of match.none) emitOperand(e, operand, side, family, no);
  }
}

/** Jumps to `yes` when the operand holds the address, and goes on otherwise. */
function emitOperand(
  e: Emitter,
  operand: AddressOperand,
  side: AddressTest['side'],
  family: 'v4' | 'v6',
  yes: string,
): void {
  const found = e.sets.find(operand, family);
  if (found === 'empty') return;
  if (found !== 'inline') {
    const { hi, lo } = addressFields[side];
    if (found.finder !== undefined) emitFind(e.asm, found.finder, side, yes);
    else emitSetLookup(e.asm, found, { base: PACKET, hi: hi.offset, lo: lo.offset }, yes);
  } else if (family === 'v4') emitRanges4(e, e.sets.ranges(operand), side, yes);
  else emitPrefixes6(e, e.sets.ranges(operand), side, yes);
}

function emitRanges4({ asm }: Emitter, { v4 }: AddressRanges, side: AddressTest['side'], yes: string): void {
  loadField(asm, R1, addressFields[side].lo);
  for (let i = 0; i < v4.length; i += 2) {
    const [lo, hi] = [v4[i] as number, v4[i + 1] as number];
    if (lo === hi) {
      asm.jumpIf32(R1, 'eq', lo, yes);
    } else {
      // Below lo the difference wraps around and is large: one comparison for both ends.
      asm.mov32(R2, R1);
      asm.sub32(R2, lo);
      asm.jumpIf32(R2, 'le', hi - lo, yes);
    }
  }
}

function emitPrefixes6({ asm }: Emitter, ranges: AddressRanges, side: AddressTest['side'], yes: string): void {
  for (const { hi, lo, length } of prefixes6(ranges)) {
    const next = asm.uniqueLabel('next');
    if (length > 0) {
      loadField(asm, R1, addressFields[side].hi);
      const behind = Math.max(0, 64 - length);
      if (behind > 0) asm.rsh(R1, behind);
      asm.loadImm64(R3, hi >> BigInt(behind));
      asm.jumpIf(R1, 'ne', R3, next);
    }
    if (length > 64) {
      loadField(asm, R1, addressFields[side].lo);
      const behind = 128 - length;
      if (behind > 0) asm.rsh(R1, behind);
      asm.loadImm64(R3, lo >> BigInt(behind));
      asm.jumpIf(R1, 'ne', R3, next);
    }
    asm.jump(yes);
    asm.label(next);
  }
}
