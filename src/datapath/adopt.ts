import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import { openPinnedLink, openPinnedMap } from '../kernel/index.ts';
import { linkPin } from './attach.ts';
import { type RuleCounter, readCounters } from './counters.ts';
import { removeAll } from './enforce.ts';
import { type Paths, pathsHere, pinName } from './paths.ts';
import { type EnforcementState, isAlive, readState } from './state.ts';

/** What another process, alive or not, has put in force in this network namespace. */
export interface FoundEnforcement {
  readonly pid: number;
  /** Whether that process still runs; the kernel enforces either way. */
  readonly alive: boolean;
  readonly startedAt: Date;
  readonly policy: EnforcementState['policy'];
  readonly interfaces: readonly (EnforcementState['interfaces'][number] & {
    /** Whether the kernel still has the program on the interface. */
    readonly attached: boolean;
  })[];
  readonly rules: EnforcementState['rules'];
  counters(): RuleCounter[];
}

/** What is in force here, or undefined. Reads the state and asks the kernel about every link. */
export function readEnforcement(): FoundEnforcement | undefined {
  const paths = pathsHere();
  const state = readState(paths.state);
  if (!state) return undefined;
  return {
    pid: state.pid,
    alive: isAlive(state),
    startedAt: new Date(state.startedAt),
    policy: state.policy,
    interfaces: state.interfaces.map((one) => ({ ...one, attached: isAttached(paths, one.name, one.ifindex) })),
    rules: state.rules,
    counters: () => {
      using map = openPinnedMap(join(paths.maps(state.generation), pinName('counters')));
      return readCounters(map, state.rules);
    },
  };
}

function isAttached(paths: Paths, name: string, ifindex: number): boolean {
  try {
    using link = openPinnedLink(linkPin(paths, name, 'xdp'));
    return link.info().ifindex === ifindex;
  } catch {
    // No pin, or one that cannot be opened: in either case nothing that Sluice holds is attached.
    return false;
  }
}

/**
 * Takes what is in force here out of force. Works without a readable state, too: then it goes by the pins.
 * @returns the interfaces that were freed; undefined where nothing was in force
 */
export function takeDown(): { readonly interfaces: readonly string[] } | undefined {
  const paths = pathsHere();
  const interfaces = interfacesInForce(paths);
  if (interfaces === undefined) return undefined;
  removeAll(
    { interfaces: interfaces.map((name) => ({ name, ifindex: 0, mode: 'native', classifier: 'none' })) },
    paths,
  );
  return { interfaces };
}

function interfacesInForce(paths: Paths): string[] | undefined {
  try {
    const state = readState(paths.state);
    if (state) return state.interfaces.map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
  }
  return interfacesOfPins(paths);
}

function interfacesOfPins({ links }: Paths): string[] | undefined {
  try {
    const pins = readdirSync(links);
    return [...new Set(pins.map((pin) => decodeURIComponent(pin.slice(0, pin.lastIndexOf(':')))))];
  } catch {
    return undefined;
  }
}
