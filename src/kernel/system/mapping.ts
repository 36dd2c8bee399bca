import { SluiceError } from '../../diagnostics/problem.ts';
import { memoryAt, rawSyscall } from './ffi.ts';
import { systemCall, systemCallNumber } from './system-call.ts';
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} from './uapi-mman.ts';

/** Memory shared with the kernel. */
export interface Mapping {
  readonly buffer: ArrayBuffer;
  /** Gives the kernel's object back; views that are still held read zeroes from then on. */
  close(): void;
  [Symbol.dispose](): void;
}

let openCount = 0;

/** How many mappings this library holds open: what a test compares before and after. */
export function openMappings(): number {
  return openCount;
}

const addressSpace = new FinalizationRegistry<{ address: number; length: number }>(({ address, length }) => {
  rawSyscall(systemCallNumber('munmap'), address, length);
});

/**
 * Maps `length` bytes (a multiple of the page size) of `fd`, shared, from `offset` on.
 *
 * A view of unmapped memory would crash the process at the next read, and JavaScript cannot take a view back. So
 * close() puts empty pages in the mapping's place, which lets go of the kernel's object at once, and the addresses
 * are given back when the last view has been collected.
 * @throws SystemCallError
 */
export function mapShared(
  fd: number,
  length: number,
  offset: number,
  access: 'read' | 'write',
  object: string,
): Mapping {
  const protection = access === 'write' ? PROT_READ | PROT_WRITE : PROT_READ;
  const address = systemCall('mmap', [0, length, protection, MAP_SHARED, fd, offset], object);
  const buffer = memoryAt(address, length);
  openCount += 1;
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    openCount -= 1;
    const empty = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    systemCall('mmap', [address, length, protection, empty, -1, 0], object);
    addressSpace.register(buffer, { address, length });
  };
  return {
    get buffer() {
      if (closed) throw new SluiceError({ code: 'kernel/closed', message: `the memory of ${object} is closed` });
      return buffer;
    },
    close,
    [Symbol.dispose]: close,
  };
}
