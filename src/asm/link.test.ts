import { describe, expect, it } from 'vitest';
import { SluiceError } from '../diagnostics/problem.ts';
import { createAssembler } from './assembler.ts';
import type { BpfFunction } from './instruction.ts';
import { link, patchMaps } from './link.ts';
import { R0, R1, R2 } from './registers.ts';

function calling(name: string, ...callees: string[]): BpfFunction {
  const asm = createAssembler(name);
  for (const callee of callees) asm.callFunction(callee);
  asm.mov(R0, 0);
  asm.exit();
  return asm.finish();
}

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof SluiceError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

const hex = (code: Uint8Array): string[] => Buffer.from(code).toString('hex').match(/.{16}/g) ?? [];

describe('link', () => {
  it('puts the entry first, then what it calls, and leaves out the rest', () => {
    const functions = [calling('unused', 'deep'), calling('deep'), calling('near', 'deep')];
    expect(link(calling('main', 'near', 'near'), functions).functions).toEqual([
      { name: 'main', slot: 0, slotCount: 4 },
      { name: 'near', slot: 4, slotCount: 3 },
      { name: 'deep', slot: 7, slotCount: 2 },
    ]);
  });

  it('resolves calls forwards and backwards, and a function that calls itself', () => {
    const { code } = link(calling('main', 'other'), [calling('other', 'main', 'other')]);
    expect(hex(code)).toEqual([
      '8510000002000000', // main: call other, 3 slots on
      'b700000000000000',
      '9500000000000000',
      '85100000fcffffff', // other: call main, 3 slots back
      '85100000feffffff',
      'b700000000000000',
      '9500000000000000',
    ]);
  });

  it('counts the two slots of a 64-bit load in the distance of a jump', () => {
    const asm = createAssembler('main');
    asm.label('top');
    asm.jumpIf(R1, 'eq', 0, 'out');
    asm.loadImm64(R1, 0x1122334455667788n);
    asm.jump('top');
    asm.label('out');
    asm.exit();
    expect(hex(link(asm.finish(), []).code)).toEqual([
      '1501030000000000',
      '1801000088776655',
      '0000000044332211',
      '0500fcff00000000',
      '9500000000000000',
    ]);
  });

  it('keeps labels of different functions apart', () => {
    const withLoop = (name: string, callee?: string) => {
      const asm = createAssembler(name);
      asm.label('loop');
      if (callee) asm.callFunction(callee);
      asm.jump('loop');
      return asm.finish();
    };
    expect(link(withLoop('main', 'other'), [withLoop('other')]).instructions.map(({ offset }) => offset)).toEqual([
      0, -2, -1,
    ]);
  });

  it('tells for each slot of the program what it was emitted for', () => {
    const asm = createAssembler('main');
    asm.mov(R0, 0);
    asm.forRule(7);
    asm.comment('the set');
    asm.loadMap(R1, 'set');
    asm.forRule(8);
    asm.exit();
    const { slots } = link(asm.finish(), []);
    expect(slots.map(({ rule, comment }) => [rule, comment])).toEqual([
      [undefined, undefined],
      [7, 'the set'],
      [7, 'the set'],
      [8, undefined],
    ]);
  });

  it('names caller and callee of a call that goes nowhere, and a name that is there twice', () => {
    expect(
      problemsOf(() => link(calling('main', 'stage', 'near'), [calling('near', 'deep'), calling('near')])),
    ).toEqual([
      'main: two functions are named "near"',
      'main calls "stage", which is not there',
      'near calls "deep", which is not there',
    ]);
  });
});

describe('patchMaps', () => {
  function usingMaps() {
    const asm = createAssembler('main');
    asm.loadMap(R1, 'counters');
    asm.loadMapValue(R2, '.rodata', 24);
    asm.exit();
    return link(asm.finish(), []);
  }

  it('puts descriptors and offsets in place, in a copy', () => {
    const program = usingMaps();
    const before = program.code.slice();
    const descriptors = new Map([
      ['counters', 5],
      ['.rodata', 300],
    ]);
    expect(hex(patchMaps(program, (name) => descriptors.get(name)))).toEqual([
      '1811000005000000',
      '0000000000000000',
      '182200002c010000',
      '0000000018000000',
      '9500000000000000',
    ]);
    expect(program.code).toEqual(before);
  });

  it('names every map that is missing, once', () => {
    expect(problemsOf(() => patchMaps(usingMaps(), () => undefined))).toEqual([
      'main: there is no map "counters"',
      'main: there is no map ".rodata"',
    ]);
  });
});
