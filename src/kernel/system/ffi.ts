import { createRequire } from 'node:module';

/**
 * The one file that knows koffi. It is loaded at the first system call, not at import: commands that never touch the
 * kernel do not pay for it. Every call is synchronous, because setns(2) and sched_setaffinity(2) are about the
 * calling thread.
 */
type Koffi = typeof import('koffi');
type Syscall = (number: number, a: number, b: number, c: number, d: number, e: number, f: number) => number | bigint;

interface Foreign {
  readonly koffi: Koffi;
  readonly syscall: Syscall;
}

let loaded: Foreign | undefined;

function foreign(): Foreign {
  if (loaded === undefined) {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const syscall = koffi.load(null).func('long syscall(long, long, long, long, long, long, long)') as Syscall;
    loaded = { koffi, syscall };
  }
  return loaded;
}

/** A shared library by the first of `names` that the machine has, and koffi to declare its types with. */
export function openLibrary(
  names: readonly string[],
): { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined {
  const { koffi } = loaded ?? foreign();
  for (const name of names) {
    try {
      return { koffi, library: koffi.load(name) };
    } catch {
      // Not there under this name.
    }
  }
  return undefined;
}

/**
 * syscall(2) with up to six arguments; pointers are addresses as numbers (user space ends below 2^53).
 * Returns the result, or the negated errno, as the kernel itself does.
 */
export function rawSyscall(number: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
  const { koffi, syscall } = loaded ?? foreign();
  const result = Number(syscall(number, a, b, c, d, e, f));
  return result === -1 ? -koffi.errno() : result;
}

const held = new Set<object>();

/**
 * Calls `action` while `memory` is certainly not collected: an address does not keep alive what it points to, and
 * neither does a variable that is not read again.
 */
export function whileHolding<T>(memory: object, action: () => T): T {
  held.add(memory);
  try {
    return action();
  } finally {
    held.delete(memory);
  }
}

/**
 * Where the bytes are in memory. The address is good for as long as `bytes` is alive (`whileHolding`); V8 does not
 * move the memory of an ArrayBuffer.
 */
export function addressOf(bytes: Uint8Array): number {
  // V8 keeps small typed arrays on its moving heap until their buffer is asked for.
  return Number(foreign().koffi.address(bytes.buffer)) + bytes.byteOffset;
}

/** The memory at `address` as an ArrayBuffer, without a copy. Its owner must outlive every use: see mapping.ts. */
export function memoryAt(address: number, length: number): ArrayBuffer {
  return foreign().koffi.view(address, length);
}

/** Something that calls back when a descriptor becomes readable, until closed. */
export interface ReadableWatch {
  close(): void;
}

/**
 * Calls `onReadable` from the event loop whenever `fd` is readable, or has an error to read (level-triggered epoll).
 * @param keepAlive whether the watch alone keeps the process running.
 */
export function watchReadable(fd: number, keepAlive: boolean, onReadable: () => void): ReadableWatch {
  const handle = foreign().koffi.node.poll(fd, { readable: true }, heed);
  if (!keepAlive) handle.unref();
  let isOpen = true;
  return {
    close: () => {
      isOpen = false;
      handle.close();
    },
  };

  // What koffi's types leave out: the first argument is libuv's status.
  function heed(...[status]: unknown[]): void {
    onReadable();
    // libuv watches no further where the descriptor has an error to tell; reading has taken that from a socket.
    if (isOpen && typeof status === 'number' && status < 0) handle.start({ readable: true }, heed);
  }
}
