import { existsSync } from 'node:fs';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import {
  attachClsact,
  attachTcx,
  attachXdp,
  type Direction,
  findClsactFilter,
  findInterface,
  type Link,
  type Program,
  programFromId,
  unpin,
  type XdpMode,
} from '../kernel/index.ts';
import type { Generation } from './generation.ts';
import type { Paths } from './paths.ts';
import { CLSACT_PLACE, detachHook, type LinkHook, linkPin, openLiveLink } from './pinned-links.ts';

/** A generation in force on one interface. */
export interface Attachment {
  readonly name: string;
  readonly ifindex: number;
  readonly mode: XdpMode;
  readonly classifier: 'tcx' | 'clsact' | 'none';
  readonly warnings: readonly Problem[];
  /** Undoes all that was done: programs that were in force before are again. */
  undo(): void;
  /** There is no way back from here: what an earlier generation has at hooks that this one leaves alone is removed. */
  settle(): void;
}

export interface AttachOptions {
  readonly paths: Paths;
  /** Behind the driver even where it has native XDP. */
  readonly generic?: boolean;
  /** How programs get to TC where none is there yet: `auto`, where left out, takes TCX where the kernel has it. */
  readonly classifier?: 'auto' | 'clsact';
}

/** A program put in place of another, or of none. One of the two is called, and lets go of what the other would need. */
interface Change {
  undo(): void;
  settle(): void;
}

/**
 * Puts a generation in force on an interface: by an update of the link where an earlier one is pinned, so that no
 * packet comes between, and by new links otherwise. On an error nothing is left changed.
 */
export function attach(name: string, generation: Generation, options: AttachOptions): Attachment {
  const { index: ifindex } = findInterface(name);
  const { paths } = options;
  const changes: Change[] = [];
  const warnings: Problem[] = [];
  const undo = (): void => {
    for (const change of changes.splice(0).reverse()) change.undo();
  };

  function attachIngress(): XdpMode {
    if (updateLink('xdp', generation.xdp)) return findInterface(name).xdp?.mode === 'generic' ? 'generic' : 'native';
    const mode = options.generic ? 'generic' : 'auto';
    const link = attachXdp({ interface: name, program: generation.xdp, mode });
    pinLink(link, 'xdp');
    if (link.fallbackReason) warnings.push(slowDriver(name, link.fallbackReason));
    return link.mode;
  }

  function attachClassifier(direction: Direction, program: Program): 'tcx' | 'clsact' {
    if (updateLink(direction, program)) return 'tcx';
    const existing = findClsactFilter({ interface: name, direction, ...CLSACT_PLACE });
    if (existing) {
      const before = programFromId(existing.programId() as number);
      changes.push(replaced(existing, before));
      existing.update(program);
      return 'clsact';
    }
    if (options.classifier !== 'clsact') {
      try {
        // First: a program of others that accepts a packet would keep it from those behind.
        pinLink(attachTcx({ interface: name, direction, program, position: 'first' }), direction);
        return 'tcx';
      } catch (error) {
        if (!isNotSupported(error)) throw error;
      }
    }
    const filter = attachClsact({ interface: name, direction, program, ...CLSACT_PLACE });
    changes.push({ undo: () => filter.detach(), settle: () => {} });
    return 'clsact';
  }

  /** Whether there was a link to give the program to. */
  function updateLink(hook: LinkHook, program: Program): boolean {
    const link = openLiveLink(paths, ifindex, hook);
    if (link === undefined) return false;
    const before = programFromId(link.info().programId);
    const change = replaced(link, before);
    changes.push({
      undo: () => {
        change.undo();
        link.close();
      },
      settle: () => {
        change.settle();
        link.close();
      },
    });
    link.update(program);
    return true;
  }

  /** Pins a new link: the process may end, the program stays. A pin of a link that came to nothing makes room. */
  function pinLink(link: Link, hook: LinkHook): void {
    const pin = linkPin(paths, ifindex, hook);
    let pinned = false;
    changes.push({
      undo: () => {
        link.detach();
        if (pinned) unpin(pin);
        link.close();
      },
      settle: link.close,
    });
    if (existsSync(pin)) unpin(pin);
    link.pin(pin);
    pinned = true;
  }

  function settle(): void {
    for (const change of changes.splice(0)) change.settle();
    if (!generation.mark) detachHook(ifindex, 'ingress', paths);
    if (!generation.tc) detachHook(ifindex, 'egress', paths);
  }

  try {
    const mode = attachIngress();
    let classifier: Attachment['classifier'] = 'none';
    if (generation.mark) classifier = attachClassifier('ingress', generation.mark);
    if (generation.tc) classifier = attachClassifier('egress', generation.tc);
    return { name, ifindex, mode, classifier, warnings, undo, settle };
  } catch (error) {
    undo();
    throw error;
  }
}

/** The change from `before` to another program, of what can be updated in place. */
function replaced(place: { update(program: Program): void }, before: Program): Change {
  return {
    undo: () => {
      place.update(before);
      before.close();
    },
    settle: before.close,
  };
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
