import { R1, R2 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import type { InterfaceMatch } from '../checked.ts';
import { type Emitter, loadField } from './emitter.ts';

/** Jumps to `no` unless the bit of the question is set in the row of the packet's interface. Overwrites R1 and R2. */
export function emitInterface(e: Emitter, match: InterfaceMatch, no: string): void {
  const { asm, interfaces } = e;
  const bit = interfaces.bitOf(match);
  loadField(asm, R1, packetFields.interfaceClass);
  // Told to the verifier: no class is higher.
  asm.and32(R1, interfaces.classes - 1);
  if (interfaces.rowBytes > 1) asm.mul(R1, interfaces.rowBytes);
  asm.comment(`interface ${[...match.any, ...match.none.map((pattern) => `!${pattern}`)].join(', ')}`);
  asm.loadMapValue(R2, 'interface_classes', bit >> 3);
  asm.add(R2, R1);
  asm.load('u8', R1, R2, 0);
  asm.and32(R1, 1 << (bit & 7));
  asm.jumpIf32(R1, 'eq', 0, no);
}
