import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lockFile } from '../kernel/index.ts';
import type { Paths } from './paths.ts';
import { fileSystemRefusal } from './state.ts';

/** Calls `action` while no other process on this machine changes what is in force. */
export function exclusively<T>({ state }: Paths, action: () => T): T {
  const folder = dirname(dirname(state));
  const lock = join(folder, 'lock');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    // For its owner alone: who may open a file may lock it, and keep all others waiting.
    closeSync(openSync(lock, 'a', 0o600));
  } catch (error) {
    throw fileSystemRefusal(lock, error);
  }
  using _ = lockFile(lock);
  return action();
}
