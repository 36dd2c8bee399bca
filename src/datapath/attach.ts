import { existsSync } from 'node:fs';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import {
  attachClsact,
  attachTcx,
  attachXdp,
  interfaceByIndex,
  type Link,
  type Program,
  unpin,
} from '../kernel/index.ts';
import { type Entries, linkHooks, openProgramAt } from './entries.ts';
import type { Paths } from './paths.ts';
import { clsactPlace, detachHook, directionOf, type LinkHook, linkPin, openPlace, unlessGone } from './pinned-links.ts';
import type { Switch } from './switch.ts';

export interface AttachOptions {
  /** Behind the driver even where it has native XDP. */
  readonly generic?: boolean;
  /** How programs get to TC where none is there yet: `auto`, where left out, takes TCX where the kernel has it. */
  readonly classifier?: 'auto' | 'clsact';
}

/** What is to stand at the hooks of one interface. */
export interface Wanted extends AttachOptions {
  readonly ifindex: number;
  readonly paths: Paths;
  /** The generation after, where the interface is one of its policy. */
  readonly after: Entries;
  /** The generation before, where the interface is one of its policy and has appeared while the change goes on. */
  readonly before?: Entries;
  /** Whether `after` only observes: where it has no program, nothing changes. */
  readonly observing: boolean;
  /** Undefined where none can be made: links are then updated one after the other. */
  readonly turn: Switch | undefined;
}

export interface Attachment {
  readonly warnings: readonly Problem[];
  /** Undoes all that was done: programs that were there before are again. */
  undo(): void;
  /** There is no need to undo it any more. */
  close(): void;
}

/**
 * Puts the switch at each hook of an interface where the generation before or the one after has a program. What is
 * pinned is updated, so that no packet comes between; where nothing is, a link is made. On an error nothing is left changed.
 * What carries marks needs no switch: it heeds what a program of either generation leaves.
 */
export function attachSwitch({
  ifindex,
  paths,
  before: earlier,
  after,
  turn,
  observing,
  ...options
}: Wanted): Attachment {
  const undoing: { undo(): void; close(): void }[] = [];
  const warnings: Problem[] = [];
  const undo = (): void => {
    for (const one of undoing.splice(0).reverse()) unlessGone(ifindex, one.undo);
  };
  const close = (): void => {
    for (const one of undoing.splice(0)) one.close();
  };

  function takeHook(hook: LinkHook): void {
    const program = after[hook];
    const own = program ?? earlier?.[hook];
    if (observing && own === undefined) return;
    const place = openPlace(paths, ifindex, hook);
    if (place === undefined) {
      const isCarrier = hook === 'ingress' || (observing && program === undefined);
      if (own) makePlace(hook, isCarrier ? own : (programAt(hook, earlier?.[hook] !== undefined) ?? own));
      return;
    }
    const switching = hook === 'ingress' ? undefined : programAt(hook, true);
    if (switching === undefined) {
      place.close();
      return;
    }
    const before = openProgramAt(hook, place.programId, paths);
    const closeBoth = (): void => {
      before.close();
      place.close();
    };
    undoing.push({
      undo: () => {
        try {
          place.update(before);
        } finally {
          closeBoth();
        }
      },
      close: closeBoth,
    });
    place.update(switching);
  }

  const programAt = (hook: Exclude<LinkHook, 'ingress'>, before: boolean): Program | undefined =>
    turn?.program(hook, { before, after: after[hook] !== undefined });

  function makePlace(hook: LinkHook, program: Program): void {
    const { name } = interfaceByIndex(ifindex) ?? { name: `interface ${ifindex}` };
    if (hook !== 'xdp') {
      makeClassifier(name, hook, program);
      return;
    }
    const link = attachXdp({ interface: name, program, mode: options.generic ? 'generic' : 'auto' });
    pinLink(link, 'xdp');
    if (link.fallbackReason) warnings.push(slowDriver(name, link.fallbackReason));
  }

  function makeClassifier(name: string, hook: Exclude<LinkHook, 'xdp'>, program: Program): void {
    const direction = directionOf(hook);
    if (options.classifier !== 'clsact') {
      try {
        // First: a program of others that accepts a packet would keep it from those behind.
        pinLink(attachTcx({ interface: name, direction, program, position: 'first' }), hook);
        return;
      } catch (error) {
        if (!isNotSupported(error)) throw error;
      }
    }
    const filter = attachClsact({ interface: name, program, ...clsactPlace(hook) });
    undoing.push({ undo: () => filter.detach(), close: () => {} });
  }

  /** Pins a new link: the process may end, the program stays. A pin of a link that came to nothing makes room. */
  function pinLink(link: Link, hook: LinkHook): void {
    const pin = linkPin(paths, ifindex, hook);
    let pinned = false;
    undoing.push({
      undo: () => {
        link.detach();
        if (pinned) unpin(pin);
        link.close();
      },
      close: link.close,
    });
    if (existsSync(pin)) unpin(pin);
    link.pin(pin);
    pinned = true;
  }

  try {
    for (const hook of linkHooks) takeHook(hook);
    return { warnings, undo, close };
  } catch (error) {
    undo();
    throw error;
  }
}

/** Gives each hook of an interface that Sluice has a program at this one's, or frees it. */
export function settleInterface(ifindex: number, entries: Entries, paths: Paths): void {
  for (const hook of linkHooks) {
    const program = entries[hook];
    if (program === undefined) {
      detachHook(ifindex, hook, paths);
      continue;
    }
    const place = openPlace(paths, ifindex, hook);
    if (place === undefined) continue;
    try {
      if (place.programId !== program.id) place.update(program);
    } finally {
      place.close();
    }
  }
}

const isNotSupported = (error: unknown): boolean =>
  error instanceof SluiceError && error.problems.some(({ code }) => code === 'kernel/not-supported');

function slowDriver(name: string, reason: string): Problem {
  return {
    code: 'datapath/generic-mode',
    severity: 'warning',
    message: `interface "${name}": ${reason}; packets are judged in generic mode, behind the driver`,
  };
}
