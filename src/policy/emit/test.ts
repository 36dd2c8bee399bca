import { R1 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { PacketField, Test } from '../lower.ts';
import { emitAddress } from './address.ts';
import { type Emitter, loadField } from './emitter.ts';
import { emitFilter } from './filter.ts';
import { emitInterface } from './interface.ts';
import { emitBetween } from './operands.ts';
import { emitPayload } from './payload.ts';
import { emitInRanges } from './ranges.ts';
import { emitWindow } from './window.ts';

/** Jumps to `no` unless the test is true of the packet. Overwrites all registers but CONTEXT, PACKET and R10. */
export function emitTest(e: Emitter, test: Test, no: string): void {
  const { asm } = e;
  switch (test.kind) {
    case 'never':
      asm.jump(no);
      break;
    case 'traits':
      emitMasked(e, packetFields.traits, test.mask, test.mask, no);
      break;
    case 'masked':
      emitMasked(e, test.field, test.mask, test.value, no);
      break;
    case 'in-ranges':
      loadField(asm, R1, test.field);
      if (test.operand === undefined) emitInRanges(e, R1, test.ranges, no);
      else emitBetween(e, R1, test.operand, no);
      break;
    case 'interface':
      emitInterface(e, test.match, no);
      break;
    case 'by-family':
      emitByFamily(e, test, no);
      break;
    case 'address':
      emitAddress(e, test, no);
      break;
    case 'payload':
      emitPayload(e, test.match, no, test.operand);
      break;
    case 'filter':
      emitFilter(e, test.match, no);
      break;
    case 'window':
      emitWindow(e, test.windows, no);
  }
}

function emitMasked({ asm }: Emitter, field: PacketField, mask: number, value: number, no: string): void {
  loadField(asm, R1, field);
  asm.and32(R1, mask);
  asm.jumpIf32(R1, 'ne', value, no);
}

function emitByFamily(e: Emitter, { v4, v6 }: Extract<Test, { kind: 'by-family' }>, no: string): void {
  const { asm } = e;
  const six = asm.uniqueLabel('v6');
  const yes = asm.uniqueLabel('family');
  loadField(asm, R1, packetFields.family);
  asm.jumpIf32(R1, 'eq', 6, six);
  asm.jumpIf32(R1, 'ne', 4, no);
  for (const inner of v4) emitTest(e, inner, no);
  asm.jump(yes);
  asm.label(six);
  for (const inner of v6) emitTest(e, inner, no);
  asm.label(yes);
}
