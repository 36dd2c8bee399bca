import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import {
  attachClsact,
  attachTcx,
  attachXdp,
  type Direction,
  findClsactFilter,
  findInterface,
  type Link,
  openPinnedLink,
  type Program,
  programFromId,
  unpin,
  type XdpMode,
} from '../kernel/index.ts';
import type { Generation } from './generation.ts';
import { type Paths, pinName } from './paths.ts';

/** A generation in force on one interface. */
export interface Attachment {
  readonly name: string;
  readonly ifindex: number;
  readonly mode: XdpMode;
  readonly classifier: 'tcx' | 'clsact' | 'none';
  readonly warnings: readonly Problem[];
  /** Undoes all that was done: programs that were in force before are again. */
  undo(): void;
}

export interface AttachOptions {
  readonly paths: Paths;
  /** Where the driver has native XDP, too. */
  readonly generic?: boolean;
}

/**
 * Puts a generation in force on an interface: by an update of the link where an earlier one is pinned, so that no
 * packet comes between, and by new links otherwise. On an error nothing is left changed.
 */
export function attach(name: string, generation: Generation, options: AttachOptions): Attachment {
  const { index: ifindex } = findInterface(name);
  const undos: (() => void)[] = [];
  const warnings: Problem[] = [];
  const undo = (): void => {
    for (const one of undos.splice(0).reverse()) one();
  };
  try {
    const mode = attachIngress();
    let classifier: Attachment['classifier'] = 'none';
    if (generation.mark) classifier = attachClassifier('ingress', generation.mark);
    if (generation.tc) classifier = attachClassifier('egress', generation.tc);
    return { name, ifindex, mode, classifier, warnings, undo };
  } catch (error) {
    undo();
    throw error;
  }

  function attachIngress(): XdpMode {
    const pin = linkPin(options.paths, name, 'xdp');
    if (updatePinned(pin, ifindex, generation.xdp, undos))
      return findInterface(name).xdp?.mode === 'generic' ? 'generic' : 'native';
    const mode = options.generic ? 'generic' : 'auto';
    const link = attachXdp({ interface: name, program: generation.xdp, mode });
    keep(link, pin, undos);
    if (link.fallbackReason) warnings.push(slowDriver(name, link.fallbackReason));
    return link.mode;
  }

  function attachClassifier(direction: Direction, program: Program): 'tcx' | 'clsact' {
    const pin = linkPin(options.paths, name, direction);
    if (updatePinned(pin, ifindex, program, undos)) return 'tcx';
    const existing = findClsactFilter({ interface: name, direction, ...FILTER });
    if (existing) {
      const before = programFromId(existing.programId() as number);
      existing.update(program);
      undos.push(() => existing.update(before));
      return 'clsact';
    }
    try {
      keep(attachTcx({ interface: name, direction, program }), pin, undos);
      return 'tcx';
    } catch (error) {
      if (!isNotSupported(error)) throw error;
      const filter = attachClsact({ interface: name, direction, program, ...FILTER });
      undos.push(() => filter.detach());
      return 'clsact';
    }
  }
}

/** Where Sluice's filters stand below Linux 6.6, apart from those of others. */
const FILTER = { priority: 0x51c, handle: 0x51c } as const;

export const linkPin = (paths: Paths, name: string, hook: 'xdp' | Direction): string =>
  join(paths.links, `${pinName(name)}:${hook}`);

/** Pins a new link: the process may end, the program stays. */
function keep(link: Link, pin: string, undos: (() => void)[]): void {
  undos.push(() => link.close());
  link.pin(pin);
  undos.push(() => {
    link.detach();
    unpin(pin);
  });
}

/** Whether there was a link on that interface to give the program to. One of an interface that is gone is removed. */
function updatePinned(pin: string, ifindex: number, program: Program, undos: (() => void)[]): boolean {
  if (!existsSync(pin)) return false;
  const link = openPinnedLink(pin);
  const { ifindex: attachedTo, programId } = link.info();
  if (attachedTo !== ifindex) {
    link.close();
    unpin(pin);
    return false;
  }
  const before = programFromId(programId);
  undos.push(() => link.close());
  link.update(program);
  undos.push(() => {
    link.update(before);
    before.close();
  });
  return true;
}

/** Takes everything of Sluice from an interface. The interface may be gone. */
export function detach(name: string, paths: Paths): void {
  for (const hook of ['xdp', 'ingress', 'egress'] as const) {
    const pin = linkPin(paths, name, hook);
    if (!existsSync(pin)) continue;
    using link = openPinnedLink(pin);
    link.detach();
    unpin(pin);
  }
  for (const direction of ['ingress', 'egress'] as const) {
    try {
      findClsactFilter({ interface: name, direction, ...FILTER })?.detach();
    } catch (error) {
      if (!(error instanceof SluiceError) || error.problems[0]?.code !== 'kernel/interface-missing') throw error;
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
