import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Problem } from '../../diagnostics/problem.ts';
import { unreadableFile } from '../../diagnostics/unreadable-file.ts';

/** Why a file could not be read, as part of a sentence that begins with its name, and what to do. */
export type UnreadableFile = Pick<Problem, 'message' | 'help'> & { readonly code: FileErrorCode };

type FileErrorCode = 'policy/file-missing' | 'policy/file-unreadable' | 'policy/file-too-large';

/**
 * The bytes of a regular file, or why there are none. Never waits: a FIFO or a terminal is refused, not read. Of a
 * file that grows while it is read, at most `maxBytes` come back.
 */
export function readRegularFile(path: string, maxBytes: number, shownPath = path): Buffer | UnreadableFile {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return notAFile(stat.isDirectory() ? 'a directory' : 'not a regular file', shownPath);
    if (stat.size > maxBytes) return tooLarge(stat.size, maxBytes, shownPath);
    const bytes = readFileSync(descriptor);
    return bytes.length > maxBytes ? tooLarge(bytes.length, maxBytes, shownPath) : bytes;
  } catch (error) {
    return explain(error as NodeJS.ErrnoException, shownPath);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function notAFile(kind: string, path: string): UnreadableFile {
  return { code: 'policy/file-unreadable', message: `${path} is ${kind}`, help: 'give the path of a file' };
}

function tooLarge(size: number, maxBytes: number, path: string): UnreadableFile {
  const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(bytes % 1048576 === 0 ? 0 : 1);
  return {
    code: 'policy/file-too-large',
    message: `${path} has ${mebibytes(size)} MiB, and at most ${mebibytes(maxBytes)} MiB are read`,
  };
}

function explain(error: NodeJS.ErrnoException, path: string): UnreadableFile {
  if (error.code === 'ENXIO') return notAFile('not a regular file', path);
  const missing = error.code === 'ENOENT' || error.code === 'ENOTDIR';
  return { code: missing ? 'policy/file-missing' : 'policy/file-unreadable', message: unreadableFile(path, error) };
}

/** The text of UTF-8 bytes, or what makes them no text, with the offset in `text` decoded so far. */
export function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly reason: string } {
  const nul = bytes.indexOf(0);
  if (nul >= 0) return { reason: `a NUL byte at offset ${nul}` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { reason: `bytes that are not UTF-8 at offset ${firstInvalid(bytes)}` };
  }
}

/** Decoding as a stream takes all of a valid start: the longest start that is taken ends at the first bad byte. */
function firstInvalid(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return good;
}
