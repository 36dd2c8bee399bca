import { mkdirSync, readdirSync, rmSync, statfsSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bpf } from './system/bpf.ts';
import { objectPathAttr } from './system/bpf-attr.ts';
import { type Descriptor, ownDescriptor } from './system/descriptor.ts';
import { errno } from './system/errno.ts';
import { inFileSystem } from './system/file-system.ts';
import { cString } from './system/struct.ts';
import { systemCall } from './system/system-call.ts';
import { BPF_FS_MAGIC } from './system/uapi-bpf.ts';

/** Where the system mounts its BPF file system, when it does. */
export const DEFAULT_BPFFS = '/sys/fs/bpf';

/** Whether `path` exists and lies on a BPF file system, the only place where maps, programs and links can be pinned. */
export function isBpffs(path: string): boolean {
  try {
    return statfsSync(path).type === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/**
 * Mounts a BPF file system at `path`, making the folder, unless one is there already.
 * @returns whether it had to be mounted. The mount lives in the mount namespace of this process.
 * @throws SystemCallError
 */
export function mountBpffs(path: string = DEFAULT_BPFFS): boolean {
  if (isBpffs(path)) return false;
  inFileSystem(() => mkdirSync(path, { recursive: true }));
  systemCall('mount', [cString('bpf'), cString(path), cString('bpf'), 0, cString('mode=0700')], path);
  return true;
}

/** Unmounts what is mounted at `path`; objects that were pinned only there are gone. */
export function unmountBpffs(path: string): void {
  systemCall('umount2', [cString(path), 0], path);
}

/**
 * Gives the object behind a descriptor a name in the BPF file system; it lives on when the process ends.
 * The folders above `path` are made.
 * @param object names it in errors: `map "counters"`.
 */
export function pinObject(fd: number, path: string, object: string): void {
  if (isBpffs(nearestFolder(path))) inFileSystem(() => mkdirSync(dirname(path), { recursive: true }));
  bpf('BPF_OBJ_PIN', objectPathAttr.encode({ pathname: cString(path), bpf_fd: fd }), object, (value) => {
    if (!isBpffs(dirname(path))) return { code: 'kernel/bpffs-missing', detail: `${path} is not on a BPF file system` };
    if (value === errno.EEXIST) return { detail: `${path} is taken` };
    if (basename(path).includes('.'))
      return { code: 'kernel/system-call', detail: `${path}: no dots in names of pins` };
    return { detail: path };
  });
}

/** Opens what is pinned at `path`. Which kind of object it is must be asked of the descriptor. */
export function openPinnedObject(path: string): Descriptor {
  const attr = objectPathAttr.encode({ pathname: cString(path) });
  const fd = bpf('BPF_OBJ_GET', attr, path, (value) => {
    if (value === errno.ENOENT) return { detail: 'nothing is pinned here' };
    if (!isBpffs(dirname(path))) return { code: 'kernel/bpffs-missing' };
    return undefined;
  });
  return ownDescriptor(fd, path);
}

/** Removes a pin. The object lives on while something else holds it: a descriptor, a link, a program. */
export function unpin(path: string): void {
  inFileSystem(() => unlinkSync(path));
}

/** Removes a folder of pins, with the folders in it. Nothing happens where there is none. */
export function unpinFolder(path: string): void {
  inFileSystem(() => rmSync(path, { recursive: true, force: true }));
}

/** What the kernel itself puts into the root of every BPF file system: iterators that list maps and programs. */
const kernelsOwn: ReadonlySet<string> = new Set(['maps.debug', 'progs.debug']);

/** Paths of all pins below `folder`, sorted; none where there is no such folder. */
export function listPins(folder: string): string[] {
  if (!isBpffs(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !kernelsOwn.has(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function nearestFolder(path: string): string {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      statfsSync(folder);
      return folder;
    } catch {
      if (folder === dirname(folder)) return folder;
    }
  }
}
