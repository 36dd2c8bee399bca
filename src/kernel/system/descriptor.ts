import { closeSync, openSync } from 'node:fs';
import { SluiceError } from '../../diagnostics/problem.ts';
import { inFileSystem } from './file-system.ts';

/** A file descriptor with one owner. */
export interface Descriptor {
  /** The number. Throws when the descriptor is closed, so that a reused number is never spoken to by mistake. */
  readonly fd: number;
  /** Gives the descriptor back to the kernel; a second call does nothing. */
  close(): void;
  [Symbol.dispose](): void;
}

const open = new Map<number, string>();

/** How many descriptors this library holds open: what a test compares before and after. */
export function openDescriptors(): number {
  return open.size;
}

/** What the open descriptors are, for a message about a leak: `map "counters"`. */
export function openDescriptorNames(): string[] {
  return [...open.values()];
}

/** Takes ownership of a descriptor. `what` names it in errors: `map "blocked"`. */
export function ownDescriptor(fd: number, what: string): Descriptor {
  let closed = false;
  open.set(fd, what);
  const close = () => {
    if (closed) return;
    closed = true;
    open.delete(fd);
    closeSync(fd);
  };
  return {
    get fd() {
      if (closed) throw new SluiceError({ code: 'kernel/closed', message: `${what} is closed` });
      return fd;
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** Opens a file for reading and owns its descriptor. */
export function openDescriptor(path: string): Descriptor {
  return ownDescriptor(
    inFileSystem(() => openSync(path, 'r')),
    path,
  );
}
