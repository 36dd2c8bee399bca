import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { lockFile } from '../kernel/index.ts';
import type { Paths } from './paths.ts';
import { fileSystemRefusal } from './state.ts';

/** Calls `action` while no other process on this machine changes what is in force. */
export function exclusively<T>({ state }: Paths, action: () => T): T {
  const folder = dirname(dirname(state));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw fileSystemRefusal(folder, error);
  }
  using _ = lockFile(folder);
  return action();
}
