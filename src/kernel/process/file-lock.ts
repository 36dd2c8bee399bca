import { type Descriptor, openDescriptor } from '../system/descriptor.ts';
import { systemCall } from '../system/system-call.ts';

/** asm-generic/fcntl.h. */
const LOCK_EX = 2;

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
