import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openPinnedProgram, type Program, programFromId } from '../kernel/index.ts';
import type { Generation } from './generation.ts';
import { generations, type Paths, pinName } from './paths.ts';
import { type LinkHook, openPlace } from './pinned-links.ts';

/** The programs of a generation that stand at hooks; all others are called by them. */
export type Entries = Readonly<Partial<Record<LinkHook, Program>>>;

export const linkHooks = ['xdp', 'ingress', 'egress', 'chained'] as const satisfies readonly LinkHook[];

export const entriesOf = ({ xdp, mark, tc, chained }: Generation): Entries => ({
  xdp,
  ...(mark && { ingress: mark }),
  ...(tc && { egress: tc }),
  ...(chained && { chained }),
});

/** Those for one interface: incoming packets are judged at one hook. What marks at TC carries no mark there. */
export function entriesFor({ xdp, ingress, egress, chained }: Entries, isChained: boolean): Entries {
  const incoming = isChained ? { ...(chained && { chained }) } : { ...(xdp && { xdp }), ...(ingress && { ingress }) };
  return { ...incoming, ...(egress && { egress }) };
}

const pinOf = (folder: string, hook: LinkHook): string => join(folder, pinName(`entry:${hook}`));

/** So that any later process can put the generation at its hooks again. */
export function pinEntries(entries: Entries, folder: string): void {
  for (const hook of linkHooks) {
    const pin = pinOf(folder, hook);
    if (!existsSync(pin)) entries[hook]?.pin(pin);
  }
}

/** None where the generation has none pinned. Whoever opens them closes them. */
export function openEntries(folder: string): Entries {
  const pinned = linkHooks.filter((hook) => existsSync(pinOf(folder, hook)));
  return openAll(pinned.map((hook) => [hook, () => openPinnedProgram(pinOf(folder, hook))]));
}

/** What stands at the hooks of the interfaces, whoever put it there. Whoever opens them closes them. */
export function entriesAt(interfaces: readonly number[], paths: Paths): Entries {
  const ids = new Map<LinkHook, number>();
  for (const ifindex of interfaces) {
    for (const hook of linkHooks) {
      const place = openPlace(paths, ifindex, hook);
      if (place && !ids.has(hook)) ids.set(hook, place.programId);
      place?.close();
    }
  }
  return openAll([...ids].map(([hook, id]) => [hook, () => openProgramAt(hook, id, paths)]));
}

/**
 * What stands at a hook, by its number. The entries of generations are pinned, and found by that: asking the kernel for a
 * program by its number needs CAP_SYS_ADMIN, which a daemon can do without.
 */
export function openProgramAt(hook: LinkHook, id: number, paths: Paths): Program {
  for (const generation of generations(paths)) {
    const pin = pinOf(paths.maps(generation), hook);
    const program = existsSync(pin) ? openPinnedProgram(pin) : undefined;
    if (program?.id === id) return program;
    program?.close();
  }
  return programFromId(id);
}

function openAll(openers: readonly (readonly [LinkHook, () => Program])[]): Entries {
  const open: Partial<Record<LinkHook, Program>> = {};
  try {
    for (const [hook, opener] of openers) open[hook] = opener();
    return open;
  } catch (error) {
    closeEntries(open);
    throw error;
  }
}

export function closeEntries(entries: Entries): void {
  for (const program of Object.values(entries)) program.close();
}
