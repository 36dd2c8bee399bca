import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A group of processes whose memory is counted, that of their maps included. */
export interface MemoryCgroup {
  /** What the process takes from now on is counted here. */
  enter(pid: number): void;
  /** Bytes. */
  readonly usage: number;
  limit(bytes: number): void;
  /** The process has to be elsewhere. */
  remove(): void;
}

const v1 = { folder: '/sys/fs/cgroup/memory', usage: 'memory.usage_in_bytes', limit: 'memory.limit_in_bytes' };
const v2 = { folder: '/sys/fs/cgroup', usage: 'memory.current', limit: 'memory.max' };

/** Undefined where no group can be made here. */
export function createMemoryCgroup(name: string): MemoryCgroup | undefined {
  const files = existsSync(join(v1.folder, v1.usage)) ? v1 : v2;
  const folder = join(files.folder, `sluice-${name}-${process.pid}`);
  try {
    mkdirSync(folder);
  } catch {
    return undefined;
  }
  if (!existsSync(join(folder, files.usage))) {
    rmdirSync(folder);
    return undefined;
  }
  return {
    enter: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    get usage() {
      return Number(readFileSync(join(folder, files.usage), 'utf8'));
    },
    limit: (bytes) => writeFileSync(join(folder, files.limit), String(bytes)),
    remove: () => rmdirSync(folder),
  };
}
