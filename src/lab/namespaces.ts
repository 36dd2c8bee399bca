import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Where iproute2 keeps named network namespaces. */
const folder = '/var/run/netns';
const prefix = 'sluice-';

const GRACE_MS = 1000;
const LOOK_AGAIN_MS = 20;

/** The file that stands for the namespace, for setns(2) and nsenter(1). */
export const namespacePath = (namespace: string): string => `${folder}/${namespace}`;

/** A lab's id says who owns it: a process by its number and start time, since numbers are used again. */
export interface LabId {
  readonly name: string;
  readonly pid: number;
  /** In clock ticks since boot, /proc/PID/stat field 22. */
  readonly startTime: string;
  /** Counts the labs of one process. */
  readonly serial: number;
}

export const namespaceOf = ({ name, pid, startTime, serial }: LabId, host: string): string =>
  `${prefix}${name}.${pid}.${startTime}.${serial}-${host}`;

/** The id of the lab that the namespace belongs to; undefined where it is not one of a lab's. */
export function labOf(namespace: string): LabId | undefined {
  const [, name, pid, startTime, serial] = /^sluice-([a-z0-9-]+)\.(\d+)\.(\d+)\.(\d+)-/.exec(namespace) ?? [];
  if (name === undefined || startTime === undefined) return undefined;
  return { name, pid: Number(pid), startTime, serial: Number(serial) };
}

/** When the process started, in clock ticks since boot; undefined where there is no such process. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command, may hold spaces and parentheses: count from behind its end.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** The namespaces of labs whose owner is gone, as after a kill -9. */
export function staleNamespaces(): string[] {
  return namespaces().filter((namespace) => {
    const lab = labOf(namespace);
    return lab !== undefined && startTimeOf(lab.pid) !== lab.startTime;
  });
}

/**
 * Ends every process inside the namespaces, then deletes them; blocks until it is done. Those already gone are passed
 * over. SIGTERM comes first, for programs that clean up behind themselves as `sluice up` does, SIGKILL a second later.
 */
export function removeNamespaces(names: readonly string[]): void {
  const present = new Set(namespaces());
  const remaining = names.filter((name) => present.has(name));
  if (remaining.length === 0) return;
  for (const pid of processesIn(remaining)) signal(pid, 'SIGTERM');
  const deadline = Date.now() + GRACE_MS;
  while (Date.now() < deadline && processesIn(remaining).length > 0) pause(LOOK_AGAIN_MS);
  for (const pid of processesIn(remaining)) signal(pid, 'SIGKILL');
  const input = remaining.map((name) => `netns delete ${name}\n`).join('');
  execFileSync('ip', ['-force', '-batch', '-'], { input, stdio: ['pipe', 'ignore', 'ignore'] });
}

function namespaces(): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** All processes whose network namespace is one of these; never this one, which may have entered it by setns(2). */
function processesIn(names: readonly string[]): number[] {
  const inodes = new Set(names.map((name) => inodeOf(namespacePath(name))));
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .filter((pid) => {
      const inode = inodeOf(`/proc/${pid}/ns/net`);
      return inode !== undefined && inodes.has(inode);
    });
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself.
  }
}

/** Blocks: used where the process may be about to end, and its event loop with it. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
