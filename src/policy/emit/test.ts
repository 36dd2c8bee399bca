import { R1 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import { ETHERTYPE_ARP, type PacketField, type Test } from '../lower.ts';
import { emitAddress } from './address.ts';
import { type Emitter, loadField } from './emitter.ts';
import { emitFilter } from './filter.ts';
import { emitPayload } from './payload.ts';
import { emitInRanges } from './ranges.ts';

/** Jumps to `no` unless the test is true of the packet. Overwrites all registers but CONTEXT, PACKET and R10. */
export function emitTest(e: Emitter, test: Test, no: string): void {
  const { asm } = e;
  switch (test.kind) {
    case 'never':
      return asm.jump(no);
    case 'traits':
      return emitMasked(e, packetFields.traits, test.mask, test.mask, no);
    case 'masked':
      return emitMasked(e, test.field, test.mask, test.value, no);
    case 'in-ranges':
      loadField(asm, R1, test.field);
      return emitInRanges(e, R1, test.ranges, no);
    case 'interface':
      loadField(asm, R1, packetFields.ifindex);
      return emitInRanges(e, R1, single(test.names.map((name) => e.interfaceIndex(name))), no);
    case 'by-family':
      return emitByFamily(e, test, no);
    case 'address':
      return emitAddress(e, test, no);
    case 'payload':
      return emitPayload(e, test.match, no);
    case 'filter':
      return emitFilter(e, test.match, no);
  }
}

const single = (numbers: number[]): [number, number][] =>
  [...new Set(numbers)].sort((a, b) => a - b).map((n) => [n, n]);

function emitMasked({ asm }: Emitter, field: PacketField, mask: number, value: number, no: string): void {
  loadField(asm, R1, field);
  asm.and32(R1, mask);
  asm.jumpIf32(R1, 'ne', value, no);
}

function emitByFamily(e: Emitter, test: Extract<Test, { kind: 'by-family' }>, no: string): void {
  const { asm } = e;
  const six = asm.uniqueLabel('v6');
  const other = asm.uniqueLabel('not-ip');
  const yes = asm.uniqueLabel('family');
  loadField(asm, R1, packetFields.family);
  asm.jumpIf32(R1, 'eq', 6, six);
  asm.jumpIf32(R1, 'ne', 4, test.arp ? other : no);
  for (const inner of test.v4) emitTest(e, inner, no);
  asm.jump(yes);
  asm.label(six);
  for (const inner of test.v6) emitTest(e, inner, no);
  if (test.arp) {
    asm.jump(yes);
    asm.label(other);
    loadField(asm, R1, packetFields.ethertype);
    asm.jumpIf32(R1, 'ne', ETHERTYPE_ARP, no);
  }
  asm.label(yes);
}
