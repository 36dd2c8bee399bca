import { type Assembler, createAssembler, link, patchMaps, R0, R1, R2, R4, R10 } from '../../src/asm/index.ts';
import { loadProgram, type MapHandle, type Program, type ProgramType } from '../../src/kernel/index.ts';

/** Bytes of a program that `write` writes; `maps` are the maps that it names. */
export function assemble(write: (asm: Assembler) => void, maps: Record<string, MapHandle> = {}): Uint8Array {
  const asm = createAssembler('main');
  write(asm);
  return patchMaps(link(asm.finish(), []), (name) => maps[name]?.fd);
}

/** A program that does nothing but return a number. */
export function constant(type: ProgramType, value: number, name = `return_${value}`): Program {
  const code = assemble((asm) => {
    asm.mov(R0, value);
    asm.exit();
  });
  return loadProgram({ type, name, code });
}

/** A program that adds one to the first entry (u64) of an array map and returns a number. */
export function counting(type: ProgramType, value: number, counter: MapHandle, name = 'counting'): Program {
  const code = assemble(
    (asm) => {
      asm.store('u32', R10, -4, 0);
      asm.loadMap(R1, 'counter');
      asm.mov(R2, R10);
      asm.add(R2, -4);
      asm.call(1);
      asm.jumpIf(R0, 'eq', 0, 'out');
      asm.mov(R4, 1);
      asm.atomicAdd('u64', R0, 0, R4);
      asm.label('out');
      asm.mov(R0, value);
      asm.exit();
    },
    { counter },
  );
  return loadProgram({ type, name, code });
}
