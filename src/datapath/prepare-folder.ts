import { mkdirSync, readlinkSync } from 'node:fs';
import type { Problem } from '../diagnostics/problem.ts';
import { mountBpffs } from '../kernel/index.ts';
import type { Paths } from './paths.ts';
import { fileSystemRefusal } from './state.ts';

/** Makes the folder of the pins, and the file system that it is on where there is none; with a warning of that one. */
export function prepareFolder({ bpffs, links }: Paths): readonly Problem[] {
  const mounted = mountBpffs(bpffs);
  try {
    mkdirSync(links, { recursive: true });
  } catch (error) {
    throw fileSystemRefusal(links, error);
  }
  return mounted && !hasMountsOfTheMachine() ? [privateMount(bpffs)] : [];
}

/** Whether this process sees the mounts that process 1 sees. */
function hasMountsOfTheMachine(): boolean {
  try {
    return readlinkSync('/proc/self/ns/mnt') === readlinkSync('/proc/1/ns/mnt');
  } catch {
    return false;
  }
}

function privateMount(bpffs: string): Problem {
  return {
    code: 'datapath/private-mount',
    severity: 'warning',
    message: `${bpffs} was not mounted; now it is, but for this process and its children alone`,
  };
}
