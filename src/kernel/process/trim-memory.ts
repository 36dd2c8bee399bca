import { openLibrary } from '../system/ffi.ts';

/** Has the C library give back what it holds and does not use: glibc, and nothing elsewhere. */
export function trimMemory(): void {
  try {
    openLibrary(['libc.so.6'])?.library.func('int malloc_trim(size_t pad)')(0);
  } catch {
    // Another C library, which has no such function.
  }
}
