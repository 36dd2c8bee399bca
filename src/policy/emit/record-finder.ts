import { type Assembler, type BpfFunction, createAssembler, R0, R1, R2, R3, R10 } from '../../asm/index.ts';
import { packetFields } from '../../generated/abi.ts';
import { emitSetLookup } from '../../prefix-set/lookup.ts';
import type { TrieMap } from '../tables.ts';
import { addressFields, loadField } from './emitter.ts';

/** Where the arguments lie while the set is asked. */
const stack = { hi: -16, lo: -8, length: -24 } as const;

/**
 * (high half of the address, low half, length of the frame): 1 where a member covers the address. The way through tries
 * that hang below one another is long, and the verifier would follow it anew wherever a rule asks: so it is a function
 * that is verified by itself.
 */
export function recordFinder(trie: TrieMap, name: string): BpfFunction {
  const asm = createAssembler(name);
  asm.store('u64', R10, stack.hi, R1);
  asm.store('u64', R10, stack.lo, R2);
  asm.store('u64', R10, stack.length, R3);
  const address = { base: R10, hi: stack.hi, lo: stack.lo };
  emitSetLookup(asm, trie, address, 'yes', { base: R10, offset: stack.length });
  asm.mov(R0, 0);
  asm.exit();
  asm.label('yes');
  asm.mov(R0, 1);
  asm.exit();
  return { ...asm.finish(), numbers: 3 };
}

/** Jumps to `yes` when the set has a member that covers the packet's source or destination. Overwrites R0 to R5. */
export function emitFind(asm: Assembler, finder: string, side: keyof typeof addressFields, yes: string): void {
  loadField(asm, R1, addressFields[side].hi);
  loadField(asm, R2, addressFields[side].lo);
  loadField(asm, R3, packetFields.frameLength);
  asm.callFunction(finder);
  asm.jumpIf32(R0, 'ne', 0, yes);
}
