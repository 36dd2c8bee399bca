import { join } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import { interfaceByIndex, openPinnedMap, programFromId } from '../kernel/index.ts';
import { type RuleCounter, readCounters } from './counters.ts';
import { type FoundSet, foundSets } from './found-sets.ts';
import { exclusively } from './lock.ts';
import { type Paths, pathsHere, pathsOf, pinName } from './paths.ts';
import { openLiveLink, pinnedInterfaces } from './pinned-links.ts';
import { removeAll } from './put-in-force.ts';
import { type EnforcementState, isAlive, readState } from './state.ts';

/** The name of the program on XDP, as the kernel keeps it. */
const ENTRY = 'sluice_xdp';

/** What another process, alive or not, has put in force in this network namespace. */
export interface FoundEnforcement {
  readonly pid: number;
  /** Whether that process still runs; the kernel enforces either way. */
  readonly alive: boolean;
  readonly startedAt: Date;
  readonly policy: EnforcementState['policy'];
  /** Under the names that they have now. */
  readonly interfaces: readonly (EnforcementState['interfaces'][number] & {
    /** Whether the kernel still has the program on the interface. */
    readonly attached: boolean;
  })[];
  readonly rules: EnforcementState['rules'];
  counters(): RuleCounter[];
  /** Sets that have a map of their own, those of both families one after the other. */
  sets(): FoundSet[];
}

/**
 * What is in force here, or undefined. Reads the state and asks the kernel about every link.
 * @throws SluiceError datapath/damaged-state, datapath/unknown-state: something is in force, and `takeDown` removes it
 */
export function readEnforcement(): FoundEnforcement | undefined {
  const here = pathsHere();
  const state = readState(here.state);
  const paths = state && isAlive(state) ? pathsOf(state.pid) : here;
  if (!state) {
    const interfaces = pinnedInterfaces(paths).filter((ifindex) => isAttached(paths, ifindex));
    if (interfaces.length > 0) throw unknownState(interfaces.map(nameOf), paths);
    return undefined;
  }
  return {
    pid: state.pid,
    alive: isAlive(state),
    startedAt: new Date(state.startedAt),
    policy: state.policy,
    interfaces: state.interfaces.map((one) => ({
      ...one,
      name: interfaceByIndex(one.ifindex)?.name ?? one.name,
      attached: isAttached(paths, one.ifindex),
    })),
    rules: state.rules,
    counters: () => {
      using map = openPinnedMap(join(paths.maps(state.generation), pinName('counters')));
      return readCounters(map, state);
    },
    sets: () => foundSets(state, (map) => join(paths.maps(state.generation), pinName(map))),
  };
}

function isAttached(paths: Paths, ifindex: number): boolean {
  using link = openLiveLink(paths, ifindex, 'xdp');
  return link !== undefined;
}

/**
 * Takes what is in force here out of force. Works without a readable state, too: then it goes by the pins.
 * @returns the interfaces that were freed; undefined where nothing was in force
 */
export function takeDown(): { readonly interfaces: readonly string[] } | undefined {
  const paths = pathsHere();
  return exclusively(paths, () => takeDownAt(paths));
}

function takeDownAt(here: Paths): { readonly interfaces: readonly string[] } | undefined {
  const found = findState(here);
  const state = typeof found === 'object' ? found : undefined;
  const paths = state && isAlive(state) ? pathsOf(state.pid) : here;
  const pinned = pinnedInterfaces(paths);
  if (found === 'none' && pinned.length === 0) return undefined;
  const unreachable = state?.interfaces.filter(({ ifindex }) => !pinned.includes(ifindex) && runsSluice(ifindex)) ?? [];
  if (state && unreachable.length > 0) throw outOfReach(unreachable, state);
  const interfaces = state?.interfaces.map(({ name, ifindex }) => interfaceByIndex(ifindex)?.name ?? name);
  removeAll(paths, state);
  return { interfaces: interfaces ?? pinned.map(nameOf) };
}

/** Whether the kernel has the data plane's program on the interface, wherever it may be pinned. */
function runsSluice(ifindex: number): boolean {
  const attached = interfaceByIndex(ifindex)?.xdp;
  if (attached === undefined) return false;
  using program = programFromId(attached.programId);
  return program.name === ENTRY;
}

function outOfReach(interfaces: EnforcementState['interfaces'], { pid }: EnforcementState): SluiceError {
  return new SluiceError({
    code: 'datapath/out-of-reach',
    message: `the policy on ${interfaces.map(({ name }) => name).join(', ')} is pinned where only process ${pid} sees it`,
    help: `End that process: kill ${pid}`,
  });
}

function findState({ state }: Paths): EnforcementState | 'none' | 'damaged' {
  try {
    return readState(state) ?? 'none';
  } catch (error) {
    if (error instanceof SluiceError && error.problems[0]?.code === 'datapath/damaged-state') return 'damaged';
    throw error;
  }
}

const nameOf = (ifindex: number): string => interfaceByIndex(ifindex)?.name ?? `interface ${ifindex}, which is gone`;

function unknownState(names: readonly string[], { state }: Paths): SluiceError {
  return new SluiceError({
    code: 'datapath/unknown-state',
    message: `a policy is in force on ${names.join(', ')}, and ${state} is gone, which would tell which`,
  });
}
