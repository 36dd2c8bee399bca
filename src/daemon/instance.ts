import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { pathsHere } from '../datapath/paths.ts';
import { fileSystemRefusal, isAlive, processStart } from '../datapath/state.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { tryLockFile } from '../kernel/index.ts';

/** Where the daemon of the thread's network namespace listens. */
export const daemonSocket = (): string => join(folderHere(), 'daemon.sock');

const folderHere = (): string => dirname(pathsHere().state);
const lockHere = (): string => join(folderHere(), 'daemon.lock');

/** The number of the process that is the daemon of this network namespace, or undefined. */
export function daemonHere(): number | undefined {
  try {
    const [pid = '', start = ''] = readFileSync(lockHere(), 'utf8').trim().split(' ');
    return isAlive({ pid: Number(pid), processStart: start }) ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** Removes what a daemon that was killed has left in the file system of this network namespace. */
export function tidyUpAfterDaemon(): void {
  if (daemonHere() !== undefined || !existsSync(folderHere())) return;
  try {
    // In its place for a moment: what one that starts now has made is not taken away.
    claimInstance().release();
  } catch (error) {
    const isOther = error instanceof SluiceError && error.problems[0]?.code === 'daemon/already-running';
    if (!isOther) throw error;
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // A policy is in force: what is known of it is here.
  }
}

/** That this process is the one daemon of its network namespace. */
export interface Instance {
  readonly socket: string;
  /** Leaves nothing of it in the file system. */
  release(): void;
}

/**
 * Makes this process the daemon of its network namespace. The kernel unlocks when it ends, however that comes.
 * @throws SluiceError daemon/already-running, naming the other
 */
export function claimInstance(): Instance {
  const folder = folderHere();
  const path = lockHere();
  const lock = lockedFile(folder, path);
  writeFileSync(path, `${process.pid} ${processStart(process.pid) ?? ''}\n`);
  const socket = daemonSocket();
  // A daemon that was killed leaves its socket; the place is Sluice's, whatever stands there.
  rmSync(socket, { force: true, recursive: true });
  return {
    socket,
    release() {
      rmSync(socket, { force: true, recursive: true });
      rmSync(path, { force: true });
      lock.close();
      removeEmpty(folder);
    },
  };
}

/** One that had the file open may have removed it meanwhile: then the lock is on a file that nobody else finds. */
function lockedFile(folder: string, path: string): { close(): void } {
  for (;;) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      closeSync(openSync(path, 'a', 0o600));
      chmodSync(path, 0o600);
    } catch (error) {
      throw fileSystemRefusal(path, error);
    }
    const lock = tryLockFile(path);
    if (!lock) throw alreadyRunning();
    if (statSync(path, { throwIfNoEntry: false })?.ino === statSync(`/proc/self/fd/${lock.fd}`).ino) return lock;
    lock.close();
  }
}

function alreadyRunning(): SluiceError {
  const pid = daemonHere();
  return new SluiceError({
    code: 'daemon/already-running',
    message: `${pid === undefined ? 'another process' : `process ${pid}`} is the daemon of this network namespace`,
  });
}
