import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';

/**
 * Writes the whole file or nothing. Everyone may read it: a policy is checked by users, too.
 * @throws SluiceError feed/not-written
 */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(temporary, text, { mode: 0o644, flush: true });
    renameSync(temporary, path);
  } catch (error) {
    attemptRemoval(temporary);
    throw notWritten(path, error);
  }
}

export function notWritten(path: string, cause: unknown): SluiceError {
  const { code = 'EIO' } = cause as NodeJS.ErrnoException;
  return new SluiceError({ code: 'feed/not-written', message: `${path}: ${code}` }, { cause });
}

function attemptRemoval(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What could not be written may not be removable either.
  }
}
