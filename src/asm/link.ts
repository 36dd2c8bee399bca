import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { encode, SLOT_SIZE } from './bytecode.ts';
import type { BpfFunction, Instruction } from './instruction.ts';
import { countSlots, resolveJumps, slotsOf } from './jumps.ts';
import { loadSource } from './opcodes.ts';

/** A whole program: one entry function and all that it calls, ready for the kernel but for the maps' descriptors. */
export interface LinkedProgram {
  /** The name of the entry function. */
  readonly name: string;
  /** Little-endian slots of 8 bytes; map descriptors are 0. */
  readonly code: Uint8Array;
  /** In program order, jumps and calls resolved. */
  readonly instructions: readonly Instruction[];
  /**
   * For each slot its instruction, a 64-bit load under both of its slots: `slots[123]` is what line `123: (..)` of a
   * verifier log speaks of.
   */
  readonly slots: readonly Instruction[];
  /** In program order, the entry first. */
  readonly functions: readonly LinkedFunction[];
  readonly maps: readonly MapReference[];
}

export interface LinkedFunction {
  readonly name: string;
  /** Its first slot, and how many it has. */
  readonly slot: number;
  readonly slotCount: number;
  /** Of one that is verified by itself: see BpfFunction. */
  readonly numbers?: number;
}

/** A place in the program where a map's descriptor must be put. */
export interface MapReference {
  readonly slot: number;
  readonly name: string;
  readonly kind: 'fd' | 'value';
  /** With `value`: bytes from the start of the map's first value. */
  readonly offset: number;
}

/**
 * Joins `entry` and those of `functions` that it reaches by calls; others are left out. Throws a SluiceError that
 * names each call to a function that is not there, each name given twice, and each jump that cannot be.
 */
export function link(entry: BpfFunction, functions: readonly BpfFunction[]): LinkedProgram {
  const problems: Problem[] = [];
  const reachable = findReachable(entry, indexByName(entry, functions, problems), problems);
  const layout = layOut(reachable);
  const instructions = layout.flatMap(({ fn, slot }) => resolveCalls(resolveJumps(fn, problems), slot, layout));
  if (problems.length > 0) throw new SluiceError(problems);

  const slots = instructions.flatMap((instruction) => new Array<Instruction>(slotsOf(instruction)).fill(instruction));
  return {
    name: entry.name,
    code: encode(instructions),
    instructions,
    slots,
    functions: layout.map(({ fn: { name, numbers }, slot, slotCount }) => ({
      name,
      slot,
      slotCount,
      ...(numbers !== undefined && { numbers }),
    })),
    maps: findMaps(instructions),
  };
}

/** The program's code with the descriptors of its maps in place. Throws a SluiceError naming each map without one. */
export function patchMaps(program: LinkedProgram, descriptorOf: (map: string) => number | undefined): Uint8Array {
  const code = program.code.slice();
  const view = new DataView(code.buffer);
  const missing = new Set<string>();
  for (const { slot, name, kind, offset } of program.maps) {
    const descriptor = descriptorOf(name);
    if (descriptor === undefined) missing.add(name);
    const position = slot * SLOT_SIZE;
    const source = kind === 'value' ? loadSource.MAP_VALUE : loadSource.MAP_FD;
    view.setUint8(position + 1, (source << 4) | (view.getUint8(position + 1) & 0x0f));
    view.setInt32(position + 4, descriptor ?? 0, true);
    view.setInt32(position + SLOT_SIZE + 4, kind === 'value' ? offset : 0, true);
  }
  if (missing.size > 0) {
    throw new SluiceError(
      [...missing].map((name) => ({ code: 'asm/unknown-map', message: `${program.name}: there is no map "${name}"` })),
    );
  }
  return code;
}

function findMaps(instructions: readonly Instruction[]): MapReference[] {
  let next = 0;
  return instructions.flatMap((instruction) => {
    const slot = next;
    next += slotsOf(instruction);
    return instruction.map ? [{ slot, ...instruction.map }] : [];
  });
}

function indexByName(entry: BpfFunction, functions: readonly BpfFunction[], problems: Problem[]) {
  const byName = new Map([[entry.name, entry]]);
  for (const fn of functions) {
    const other = byName.get(fn.name);
    if (other !== undefined && other !== fn) {
      problems.push({ code: 'asm/duplicate-function', message: `${entry.name}: two functions are named "${fn.name}"` });
    }
    byName.set(fn.name, other ?? fn);
  }
  return byName;
}

/** The entry and what it calls, directly or not, in the order in which the calls are found. */
function findReachable(entry: BpfFunction, byName: ReadonlyMap<string, BpfFunction>, problems: Problem[]) {
  const reachable = new Set([entry]);
  // A Set hands out in for-of what is added to it meanwhile.
  for (const caller of reachable) {
    for (const callee of new Set(caller.instructions.flatMap(({ call }) => call ?? []))) {
      const fn = byName.get(callee);
      if (fn !== undefined) reachable.add(fn);
      else
        problems.push({
          code: 'asm/unknown-function',
          message: `${caller.name} calls "${callee}", which is not there`,
        });
    }
  }
  return reachable;
}

type Layout = readonly { readonly fn: BpfFunction; readonly slot: number; readonly slotCount: number }[];

function layOut(functions: Iterable<BpfFunction>): Layout {
  let slot = 0;
  return Array.from(functions, (fn) => {
    const slotCount = countSlots(fn.instructions);
    slot += slotCount;
    return { fn, slot: slot - slotCount, slotCount };
  });
}

/** Calls, and loads of a function's address, count from the slot behind them. `slot` is that of the first instruction. */
function resolveCalls(instructions: readonly Instruction[], slot: number, layout: Layout): Instruction[] {
  const slotByName = new Map(layout.map(({ fn, slot }) => [fn.name, slot]));
  let next = slot;
  return instructions.map((instruction) => {
    const here = next;
    next += slotsOf(instruction);
    const callee = instruction.call === undefined ? undefined : slotByName.get(instruction.call);
    return callee === undefined ? instruction : { ...instruction, imm: callee - here - 1 };
  });
}
