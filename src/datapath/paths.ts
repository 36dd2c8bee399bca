import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_BPFFS, isBpffs, namespaceInode } from '../kernel/index.ts';

/** Where the enforcement of one network namespace is kept. Namespaces are told apart by their inode numbers. */
export interface Paths {
  /** The BPF file system that `pins` is on. */
  readonly bpffs: string;
  /** Pins: `links/`, and a folder of maps for each generation. */
  readonly pins: string;
  readonly links: string;
  /** What the pins cannot tell. */
  readonly state: string;
  /** Of one generation: its maps and its entry programs. */
  maps(generation: number): string;
  /** Of the switch, while a change goes on: see switch.ts. */
  readonly turn: string;
}

/** For the network namespace of the calling thread. */
export function pathsHere(): Paths {
  return pathsOn(findBpffs());
}

/**
 * The same as a process sees it: its mount namespace may have a BPF file system of its own, which goes with it. Where
 * what it has pinned can be seen from here, that way is taken.
 */
export function pathsOf(pid: number): Paths {
  const here = pathsHere();
  const there = pathsOn(join(`/proc/${pid}/root`, DEFAULT_BPFFS));
  return !existsSync(here.links) && existsSync(there.links) ? there : here;
}

function pathsOn(bpffs: string): Paths {
  const name = `net-${namespaceInode()}`;
  const pins = join(bpffs, 'sluice', name);
  return {
    bpffs,
    pins,
    links: join(pins, 'links'),
    state: join('/run/sluice', name, 'state.json'),
    maps: (generation) => join(pins, `${GENERATION}${generation}`),
    turn: join(pins, 'switch'),
  };
}

const GENERATION = 'generation-';

/** The numbers of the generations that have a folder. */
export function generations({ pins }: Paths): number[] {
  if (!existsSync(pins)) return [];
  return readdirSync(pins)
    .filter((folder) => folder.startsWith(GENERATION))
    .map((folder) => Number(folder.slice(GENERATION.length)));
}

/**
 * `ip netns exec` gives a command a mount namespace of its own, without the machine's BPF file system, and what is
 * mounted there goes when the command ends. Process 1 sees the machine's.
 */
function findBpffs(): string {
  return [DEFAULT_BPFFS, join('/proc/1/root', DEFAULT_BPFFS)].find(isBpffs) ?? DEFAULT_BPFFS;
}

/** A name as a file of the BPF file system, which takes no dots. */
export const pinName = (name: string): string =>
  name.replaceAll('%', '%25').replaceAll('.', '%2E').replaceAll('/', '%2F');
