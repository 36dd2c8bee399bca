import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../diagnostics/problem.ts';
import { type BpfObject, readObject } from '../kernel/index.ts';

/** Where the compiled data plane is: beside the bundle, or in dist/ of a checkout. */
const folders = ['./bpf/', '../../dist/bpf/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

const objects = new Map<string, BpfObject>();

/** The compiled `bpf/<hook>.bpf.c`, read once. */
export function dataPlane(hook: 'xdp' | 'tc'): BpfObject {
  const known = objects.get(hook);
  if (known) return known;
  const object = readObject(readFirst(`${hook}.bpf.o`));
  objects.set(hook, object);
  return object;
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
