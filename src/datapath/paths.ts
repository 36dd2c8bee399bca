import { join } from 'node:path';
import { DEFAULT_BPFFS, namespaceInode } from '../kernel/index.ts';

/** Where the enforcement of one network namespace is kept. Namespaces are told apart by their inode numbers. */
export interface Paths {
  /** Pins: `links/`, and a folder of maps for each generation. */
  readonly pins: string;
  readonly links: string;
  /** What the pins cannot tell. */
  readonly state: string;
  maps(generation: number): string;
}

/** For the network namespace of the calling thread. */
export function pathsHere(): Paths {
  const name = `net-${namespaceInode()}`;
  const pins = join(DEFAULT_BPFFS, 'sluice', name);
  return {
    pins,
    links: join(pins, 'links'),
    state: join('/run/sluice', name, 'state.json'),
    maps: (generation) => join(pins, `generation-${generation}`),
  };
}

/** A name as a file of the BPF file system, which takes no dots. */
export const pinName = (name: string): string =>
  name.replaceAll('%', '%25').replaceAll('.', '%2E').replaceAll('/', '%2F');
