import { u32 } from '../codec.ts';
import { createMapHandle, type MapHandle } from './handle.ts';
import { typedMap } from './typed-map.ts';

/** The programs that tail calls go to, by index. */
export interface ProgramArray {
  readonly handle: MapHandle;
  /** All programs of one array must be of one type, and agree in what the kernel compares (XDP frags, for one). */
  set(index: number, program: { readonly fd: number }): void;
  /** Whether there was one. A tail call to an empty index goes on behind the call. */
  delete(index: number): boolean;
  /** The kernel's number of the program at `index`. */
  programId(index: number): number | undefined;
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Creates a program array. The kernel empties it when the last descriptor or pin of it is gone, even while programs
 * use it: pin it, or keep it open.
 */
export function createProgramArray(spec: { readonly name: string; readonly maxEntries: number }): ProgramArray {
  return programArray(createMapHandle({ ...spec, type: 'prog_array', keySize: u32.size, valueSize: u32.size }));
}

/** Reads and writes an open program array. */
export function programArray(handle: MapHandle): ProgramArray {
  // User space writes descriptors and reads ids.
  const entries = typedMap(handle, u32, u32);
  return {
    handle,
    set: (index, program) => entries.update(index, program.fd),
    delete: entries.delete,
    programId: entries.lookup,
    close: handle.close,
    [Symbol.dispose]: handle.close,
  };
}
