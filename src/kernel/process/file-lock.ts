import { type Descriptor, openDescriptor } from '../system/descriptor.ts';
import { systemCall, trySystemCall } from '../system/system-call.ts';

/** asm-generic/fcntl.h. */
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Waits until no other process has locked the file or folder, and locks it. Closing it unlocks it; so does the end of
 * the process, however it comes.
 */
export function lockFile(path: string): Descriptor {
  const file = openDescriptor(path);
  try {
    systemCall('flock', [file.fd, LOCK_EX], path);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** As `lockFile`, but undefined where another process has locked the file. */
export function tryLockFile(path: string): Descriptor | undefined {
  const file = openDescriptor(path);
  if (trySystemCall('flock', [file.fd, LOCK_EX | LOCK_NB]) === 0) return file;
  file.close();
  return undefined;
}
