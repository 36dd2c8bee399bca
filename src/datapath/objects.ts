import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BpfFunction } from '../asm/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { type DataSection, type ObjectMap, readObject } from '../kernel/object/index.ts';

/** Where the compiled data plane is: beside the bundle, or in dist/ of a checkout. */
const folders = ['./bpf/', '../../dist/bpf/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

/** The C half of a hook, or what stands at all of them, by name. */
export interface DataPlane {
  readonly functions: ReadonlyMap<string, BpfFunction>;
  readonly maps: ReadonlyMap<string, ObjectMap>;
  readonly constants: DataSection;
  readonly license: string;
}

const dataPlanes = new Map<string, DataPlane>();

/** The compiled `bpf/<hook>.bpf.c`, read once. */
export function dataPlane(hook: 'xdp' | 'tc' | 'chained' | 'switch'): DataPlane {
  const known = dataPlanes.get(hook);
  if (known) return known;
  const { functions, maps, dataSections, license } = readObject(readFirst(`${hook}.bpf.o`), `${hook}.bpf.o`);
  const plane: DataPlane = {
    functions: new Map(functions.map((fn) => [fn.name, selfVerified(fn)])),
    maps: new Map(maps.map((map) => [map.name, map])),
    constants: dataSections.find(({ name }) => name === '.rodata') as DataSection,
    license: license as string,
  };
  dataPlanes.set(hook, plane);
  return plane;
}

/** C functions that take numbers alone, and how many: the kernel verifies each once, and not once for each way to its calls. */
const SELF_VERIFIED: Readonly<Record<string, number>> = {
  claim_connection: 2,
  claim_unproven: 2,
  find_proven: 5,
  find_unproven: 5,
};

function selfVerified(fn: BpfFunction): BpfFunction {
  const numbers = SELF_VERIFIED[fn.name];
  return numbers === undefined ? fn : { ...fn, numbers };
}

function readFirst(name: string): Uint8Array {
  for (const folder of folders) {
    try {
      return readFileSync(join(folder, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new SluiceError({
    code: 'datapath/missing-object',
    message: `the data plane's object ${name} is not in ${dirname(folders[0] as string)}`,
  });
}
