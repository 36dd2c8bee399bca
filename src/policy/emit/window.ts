import { R0, R1, R2 } from '../../asm/index.ts';
import type { TimeWindow } from '../checked.ts';
import { type Emitter, PACKET } from './emitter.ts';

/** Jumps to `no` unless one of the windows is open: asks the data plane, which reads the clock once a packet. */
export function emitWindow({ asm, windows: table }: Emitter, windows: readonly TimeWindow[], no: string): void {
  asm.mov(R1, PACKET);
  asm.mov32(R2, table.numberOf(windows));
  asm.callFunction('sluice_window');
  asm.jumpIf32(R0, 'eq', 0, no);
}
