import { SystemCallError } from './system-call.ts';

/** Calls node:fs, whose errors become those of this library. */
export function inFileSystem<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { errno, syscall, path } = error as NodeJS.ErrnoException;
    if (errno === undefined || syscall === undefined) throw error;
    throw new SystemCallError({ call: syscall, object: path, errno: -errno });
  }
}
