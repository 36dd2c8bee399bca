import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { unpinFolder } from '../kernel/index.ts';
import type { Paths } from './paths.ts';
import { detachInterface, pinnedInterfaces } from './pinned-links.ts';
import { type EnforcementState, removeState } from './state.ts';

/** Takes all that Sluice has in force from the kernel, and then the state, which need not be known. */
export function removeAll(paths: Paths, state?: EnforcementState): void {
  const known = [...(state?.settled?.interfaces ?? []), ...(state?.change?.after.interfaces ?? [])];
  const interfaces = [...pinnedInterfaces(paths), ...known.map(({ ifindex }) => ifindex)];
  for (const ifindex of new Set(interfaces)) detachInterface(ifindex, paths);
  unpinFolder(paths.pins);
  removeEmptyFolders(paths);
  removeState(paths.state);
}

export function removeEmptyFolders({ links, pins }: Paths): void {
  for (const folder of [links, pins, dirname(pins)]) {
    try {
      rmdirSync(folder);
    } catch {
      // It holds something, or is not there.
    }
  }
}
