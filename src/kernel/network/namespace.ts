import { closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../../diagnostics/problem.ts';
import { type Descriptor, openDescriptor } from '../system/descriptor.ts';
import { errno } from '../system/errno.ts';
import { inFileSystem } from '../system/file-system.ts';
import { cString } from '../system/struct.ts';
import { SystemCallError, systemCall } from '../system/system-call.ts';

/** Where ip-netns(8) keeps the names of namespaces. */
const NAMES = '/var/run/netns';
/** The namespace of this thread: setns(2) moves a thread, not the process. */
const CURRENT = '/proc/thread-self/ns/net';
/** linux/sched.h and linux/mount.h. */
const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_SHARED = 1 << 20;
const MNT_DETACH = 2;

/** A namespace by name (as `ip netns` has it), by path, or that of a process. */
export type NamespaceReference = string | { readonly path: string } | { readonly pid: number };

function pathOf(namespace: NamespaceReference): string {
  if (typeof namespace === 'string') return join(NAMES, namespace);
  return 'path' in namespace ? namespace.path : `/proc/${namespace.pid}/ns/net`;
}

/** Opens a network namespace; it exists for as long as it is open. */
export function openNamespace(namespace: NamespaceReference): Descriptor {
  const path = pathOf(namespace);
  try {
    return openDescriptor(path);
  } catch (error) {
    const name = typeof namespace === 'string' ? `"${namespace}"` : path;
    throw new SluiceError(
      { code: 'kernel/namespace-missing', message: `network namespace ${name}: ${reasonOf(error)}` },
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof SystemCallError)) throw error;
  return error.errno === errno.ENOENT ? 'there is none' : error.message;
}

/** Moves the calling thread into a network namespace, for good. Sockets and interfaces are looked for there. */
export function enterNamespace(namespace: NamespaceReference | Descriptor): void {
  if (typeof namespace === 'object' && 'fd' in namespace) {
    systemCall('setns', [namespace.fd, CLONE_NEWNET], 'network namespace');
    return;
  }
  using opened = openNamespace(namespace);
  enterNamespace(opened);
}

/**
 * Calls `action` with the calling thread in a network namespace, and comes back, also when it throws. `action` must be
 * synchronous: at an await, the thread would do other work in the namespace.
 */
export function inNamespace<T>(namespace: NamespaceReference | Descriptor, action: () => T): T {
  using origin = openDescriptor(CURRENT);
  enterNamespace(namespace);
  try {
    return action();
  } finally {
    enterNamespace(origin);
  }
}

/** The inode number that tells network namespaces apart; of the calling thread's where none is given. */
export function namespaceInode(namespace?: NamespaceReference): number {
  return inFileSystem(() => statSync(namespace === undefined ? CURRENT : pathOf(namespace)).ino);
}

/** Creates a network namespace with a name, as `ip netns add` does. Its loopback interface is down. */
export function createNamespace(name: string): void {
  const path = join(NAMES, name);
  prepareNames();
  inFileSystem(() => closeSync(openSync(path, 'wx', 0o444)));
  try {
    using origin = openDescriptor(CURRENT);
    systemCall('unshare', [CLONE_NEWNET], `network namespace "${name}"`);
    try {
      mount(CURRENT, path, MS_BIND);
    } finally {
      enterNamespace(origin);
    }
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
}

/** Takes the name from a network namespace; it is gone when nothing is left in it. */
export function deleteNamespace(name: string): void {
  const path = join(NAMES, name);
  if (!existsSync(path)) {
    throw new SluiceError({ code: 'kernel/namespace-missing', message: `network namespace "${name}": there is none` });
  }
  systemCall('umount2', [cString(path), MNT_DETACH], path);
  unlinkSync(path);
}

/** Names of all network namespaces that have one, sorted. */
export function listNamespaces(): string[] {
  return existsSync(NAMES) ? readdirSync(NAMES).sort() : [];
}

/** Makes names seen in every mount namespace, as ip-netns(8) does: the folder is a shared mount of its own. */
function prepareNames(): void {
  inFileSystem(() => mkdirSync(NAMES, { recursive: true, mode: 0o755 }));
  try {
    mount('', NAMES, MS_SHARED | MS_REC);
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.errno !== errno.EINVAL) throw error;
    mount(NAMES, NAMES, MS_BIND | MS_REC);
    mount('', NAMES, MS_SHARED | MS_REC);
  }
}

function mount(source: string, target: string, flags: number): void {
  systemCall('mount', [cString(source), cString(target), cString('none'), flags, 0], target);
}
