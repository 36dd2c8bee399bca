import {
  type Assembler,
  type BpfFunction,
  createAssembler,
  kernelFunctions,
  R0,
  R1,
  R2,
  R3,
  R4,
  R6,
} from '../../asm/index.ts';

/**
 * Calls the function with the pointer in R3 for each entry of the map `rounds`, until it returns 1: the kernel's loop
 * over an array (Linux 5.13), whose function the verifier follows once.
 */
export function emitForEachRound(asm: Assembler, callee: string): void {
  asm.loadMap(R1, 'rounds');
  asm.loadFunction(R2, callee);
  asm.mov(R4, 0);
  asm.call(kernelFunctions.for_each_map_elem);
}

/**
 * (map, key, value, state): calls `callee` as often as the map `rounds` has entries, so that called for each of them
 * itself it is a million times. Returns 1 when the u64 at `done` in the state says so.
 */
export function repeated(name: string, callee: string, done: number): BpfFunction {
  const asm = createAssembler(name);
  asm.mov(R6, R4);
  asm.mov(R3, R4);
  emitForEachRound(asm, callee);
  asm.load('u64', R1, R6, done);
  asm.mov(R0, 0);
  asm.jumpIf(R1, 'eq', 0, 'on');
  asm.mov(R0, 1);
  asm.label('on');
  asm.exit();
  return asm.finish();
}
