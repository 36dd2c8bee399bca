import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { namespaceCookie, namespaceInode } from '../kernel/index.ts';

export const DEFAULT_STATE_FOLDER = '/var/lib/sluice';

/** The cookie of the network namespace that the machine starts with. */
const FIRST_COOKIE = 1n;

export interface StateFolder {
  readonly path: string;
  /** Tells this network namespace, in this run of the machine, from all others. */
  readonly place: string;
  /** Whether its name may have been another namespace's before. */
  readonly isReused: boolean;
}

/**
 * Where the daemon of the thread's network namespace keeps its history. A folder that is asked for is this namespace's.
 * In the default one, namespaces other than the machine's have folders of their own, by their inode numbers; these are
 * given to others later.
 */
export function stateFolder(asked?: string): StateFolder {
  const place = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${namespaceCookie()}`;
  if (asked !== undefined) return { path: asked, place, isReused: false };
  if (isNamespaceOfTheMachine()) return { path: DEFAULT_STATE_FOLDER, place, isReused: false };
  return { path: join(DEFAULT_STATE_FOLDER, `net-${namespaceInode()}`), place, isReused: true };
}

/** Process 1 need not be one that this process may look at. */
function isNamespaceOfTheMachine(): boolean {
  if (namespaceCookie() === FIRST_COOKIE) return true;
  try {
    return statSync('/proc/1/ns/net').ino === namespaceInode();
  } catch {
    return false;
  }
}

/** Puts the folder of a namespace that is gone aside: its policy is not for this one. */
export function putAside(folder: string): void {
  try {
    rmSync(`${folder}.gone`, { recursive: true, force: true });
    renameSync(folder, `${folder}.gone`);
  } catch {
    // It cannot be moved; what is of another place is not restored either way.
  }
}
