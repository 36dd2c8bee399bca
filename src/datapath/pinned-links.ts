import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Direction,
  findClsactFilter,
  interfaceByIndex,
  type Link,
  openPinnedLink,
  type Program,
  unpin,
} from '../kernel/index.ts';
import type { Paths } from './paths.ts';

/** `ingress` carries marks from XDP; `chained` stands at TC ingress, too, and judges, where another has XDP. */
export type LinkHook = 'xdp' | Direction | 'chained';

/** Where Sluice's filters stand below Linux 6.6, apart from those of others. */
export const clsactPlace = (hook: Exclude<LinkHook, 'xdp'>) => ({
  priority: 0x51c,
  handle: hook === 'chained' ? 0x51d : 0x51c,
  direction: directionOf(hook),
});

export const directionOf = (hook: Exclude<LinkHook, 'xdp'>): Direction => (hook === 'egress' ? 'egress' : 'ingress');

/** By number and not by name: an interface may be renamed, and another be given its name, while a policy is in force. */
export const linkPin = ({ links }: Paths, ifindex: number, hook: LinkHook): string => join(links, `${ifindex}:${hook}`);

/** The numbers of the interfaces that have pinned links; they may be gone. */
export function pinnedInterfaces({ links }: Paths): number[] {
  if (!existsSync(links)) return [];
  return [...new Set(readdirSync(links).map((pin) => Number.parseInt(pin, 10)))];
}

/** The pinned link, where it still holds a program to its interface. */
export function openLiveLink(paths: Paths, ifindex: number, hook: LinkHook): Link | undefined {
  const pin = linkPin(paths, ifindex, hook);
  if (!existsSync(pin)) return undefined;
  const link = openPinnedLink(pin);
  if (link.info().ifindex === ifindex) return link;
  link.close();
  return undefined;
}

/** Where Sluice has a program at a hook of an interface, by whatever it is held there. */
export interface Place {
  readonly programId: number;
  readonly by: 'link' | 'clsact';
  /** No packet comes between the two. */
  update(program: Program): void;
  close(): void;
}

/** Undefined where Sluice has no program at the hook. The interface may be gone. */
export function openPlace(paths: Paths, ifindex: number, hook: LinkHook): Place | undefined {
  const link = openLiveLink(paths, ifindex, hook);
  if (link) return { programId: link.info().programId, by: 'link', update: link.update, close: link.close };
  const name = hook === 'xdp' ? undefined : interfaceByIndex(ifindex)?.name;
  if (hook === 'xdp' || name === undefined) return undefined;
  const filter = findClsactFilter({ interface: name, ...clsactPlace(hook) });
  const programId = filter?.programId();
  if (filter === undefined || programId === undefined) return undefined;
  return { programId, by: 'clsact', update: filter.update, close: () => {} };
}

/** Takes everything of Sluice from an interface. The interface may be gone. */
export function detachInterface(ifindex: number, paths: Paths): void {
  for (const hook of ['xdp', 'ingress', 'egress', 'chained'] as const) detachHook(ifindex, hook, paths);
}

/** Takes Sluice's program from one hook of an interface, if there is one. */
export function detachHook(ifindex: number, hook: LinkHook, paths: Paths): void {
  const pin = linkPin(paths, ifindex, hook);
  if (existsSync(pin)) {
    using link = openPinnedLink(pin);
    link.detach();
    unpin(pin);
  }
  const name = interfaceByIndex(ifindex)?.name;
  if (hook === 'xdp' || name === undefined) return;
  findClsactFilter({ interface: name, ...clsactPlace(hook) })?.detach();
}

/** What is done to an interface; where it has gone in between, it took its programs with it, and nothing is to be done. */
export function unlessGone(ifindex: number, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (interfaceByIndex(ifindex) !== undefined) throw error;
  }
}
