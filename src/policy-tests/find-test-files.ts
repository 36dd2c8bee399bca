import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import { unreadableFile } from '../diagnostics/unreadable-file.ts';

export const TEST_FILE = /\.test\.(ya?ml|json)$/;

/**
 * Test files below a folder, in order of their paths; hidden folders and node_modules are passed over. A file given by
 * its own path is one, whatever its name.
 */
export function findTestFiles(path: string): string[] {
  const files = attempt(path, () => (statSync(path).isDirectory() ? below(path) : [path]));
  if (files.length > 0) return files.sort();
  throw new SluiceError({ code: 'test/none', message: `${path}: no file below ends with .test.yaml` });
}

function below(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry: Dirent) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : below(path);
    return TEST_FILE.test(entry.name) ? [path] : [];
  });
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const message = unreadableFile(path, error as NodeJS.ErrnoException);
    throw new SluiceError({ code: 'test/unreadable', message }, { cause: error });
  }
}
