import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import { interfaceByIndex, listInterfaces, openPinnedMap, programFromId } from '../kernel/index.ts';
import { matchesAny, matchesPattern } from '../policy/interface-pattern.ts';
import { countersPin } from './carry.ts';
import { type Changing, isChanging, modeOf, settleChange } from './change.ts';
import { type RuleCounter, readCounters } from './counters.ts';
import { type FoundConnections, foundConnections } from './found-connections.ts';
import { type FoundSet, foundSets } from './found-sets.ts';
import { readLeftDifferences } from './left-observation.ts';
import { exclusively } from './lock.ts';
import type { Difference } from './observe.ts';
import { type Paths, pathsHere, pathsOf, pinName } from './paths.ts';
import { openPlace, pinnedInterfaces } from './pinned-links.ts';
import { nothingPending, pendingElsewhere } from './refusals.ts';
import { removeAll } from './remove.ts';
import { withWindows } from './rule-windows.ts';
import { whyOver } from './settle-unfinished.ts';
import { judgingSide, type Pending, standingOf } from './standing.ts';
import { type EnforcementState, type GenerationState, isAlive, type JudgingMode, readState } from './state.ts';
import { takeOutOfForce } from './take-out-of-force.ts';

/** The names of programs on XDP, as the kernel keeps them: a generation's, and the switch's. */
const ENTRIES: ReadonlySet<string> = new Set(['sluice_xdp', 'sluice_xdp_turn']);

/** What another process, alive or not, has put in force in this network namespace. */
export interface FoundEnforcement {
  readonly pid: number;
  /** Whether that process still runs; the kernel enforces either way. */
  readonly alive: boolean;
  readonly startedAt: Date;
  /** The one policy that judges at this moment. */
  readonly policy: GenerationState['policy'];
  /** A sentence that says why that one, where something went before: an apply that was interrupted, a trial. */
  readonly why?: string;
  readonly pending?: Pending;
  /** Under the names that they have now. */
  readonly interfaces: readonly (GenerationState['interfaces'][number] & {
    /** Whether the kernel still has the program on the interface. */
    readonly attached: boolean;
  })[];
  /** Names and globs of the policy that no interface is there for: attached as soon as one appears, while the process runs. */
  readonly awaited: readonly string[];
  /** Interfaces that the policy is for, and nothing of it is on. */
  readonly unattached: readonly UnattachedInterface[];
  readonly rules: GenerationState['rules'];
  counters(): RuleCounter[];
  /** Sets that have a map of their own, those of both families one after the other. */
  sets(): FoundSet[];
  /**
   * The tables of connections, to be closed; undefined where none are tracked.
   * @throws SluiceError datapath/other-connections
   */
  connections(): FoundConnections | undefined;
}

export interface UnattachedInterface {
  readonly name: string;
  readonly ifindex: number;
  /** Another XDP program is there. */
  readonly xdp: boolean;
  readonly ethernet: boolean;
}

/** What is in force here, and what is to be said where nothing is. */
export interface Situation {
  readonly found: FoundEnforcement | undefined;
  readonly why?: string;
  /** Also where nothing is in force. */
  readonly pending?: Pending;
  /** Packets that what is observed would treat otherwise; left out where nothing is observed. */
  readonly differences?: readonly Difference[];
  /** The last change, where it came to nothing. */
  readonly ended?: NonNullable<EnforcementState['ended']>;
}

/**
 * What is in force here, or undefined. Reads the state and asks the kernel about every link.
 * @throws SluiceError datapath/damaged-state, datapath/unknown-state: something is in force, and `takeDown` removes it
 */
export const readEnforcement = (): FoundEnforcement | undefined => readSituation().found;

/** As `readEnforcement`; says why nothing is in force, too, where a change came to nothing. */
export function readSituation(): Situation {
  const here = pathsHere();
  const state = readState(here.state);
  const paths = state && isAlive(state) ? pathsOf(state.pid) : here;
  if (!state) {
    const interfaces = pinnedInterfaces(paths).filter((ifindex) => isAttached(paths, ifindex));
    if (interfaces.length > 0) throw unknownState(interfaces.map(nameOf), paths);
    return { found: undefined };
  }
  const { judge, why, pending } = standingOf(paths, state);
  const ended = isChanging(state) ? endedNow(paths, state) : state.ended;
  const differences = readLeftDifferences(paths, state);
  const said = {
    ...(why !== undefined && { why }),
    ...(pending && { pending }),
    ...(differences && { differences }),
    ...(ended && { ended }),
  };
  if (judge === undefined) return { found: undefined, ...said };
  const devices = listInterfaces();
  const attachedTo = new Set(judge.interfaces.map(({ ifindex }) => ifindex));
  const found: FoundEnforcement = {
    pid: state.pid,
    alive: isAlive(state),
    startedAt: new Date(state.startedAt),
    policy: judge.policy,
    ...(why !== undefined && { why }),
    ...(pending && { pending }),
    interfaces: judge.interfaces.map((one) => {
      const device = devices.find(({ index }) => index === one.ifindex);
      const { name, mode } = { name: device?.name ?? one.name, mode: modeOf(device, one.mode) };
      // A program that has left for another namespace with its interface is none that is here.
      return { ...one, name, mode, attached: device !== undefined && isAttached(paths, one.ifindex, one.mode) };
    }),
    awaited: judge.patterns.filter((pattern) => !devices.some(({ name }) => matchesPattern(pattern, name))),
    unattached: devices
      .filter(({ name, index }) => matchesAny(judge.patterns, name) && !attachedTo.has(index))
      .map(({ name, index, xdp, ethernet }) => ({
        name,
        ifindex: index,
        xdp: xdp !== undefined && !matchesAny(judge.chained, name),
        ethernet,
      })),
    rules: judge.rules,
    counters: () => {
      using map = openPinnedMap(countersPin(paths, judge));
      const counters = readCounters(map, judge);
      if (judge.windows.length === 0) return counters;
      using windows = openPinnedMap(join(paths.maps(judge.generation), pinName('windows')));
      return withWindows(counters, judge, windows);
    },
    sets: () => foundSets(judge, (map) => join(paths.maps(judge.generation), pinName(map))),
    connections: () => foundConnections(judge, (map) => join(paths.maps(judge.generation), pinName(map))),
  };
  return { found, ...said };
}

/** Of a change that has come to nothing, which nobody has put in order yet. */
function endedNow(paths: Paths, state: Changing): Situation['ended'] {
  const { kind, after } = state.change;
  // That was asked for.
  if (kind === 'down') return undefined;
  if (judgingSide(paths, state) === 'after' || standingOf(paths, state).pending || isAlive(state)) return undefined;
  const why = kind === 'apply' ? 'interrupted' : whyOver(paths, state);
  return { kind, why, path: after.policy.path, at: new Date().toISOString() };
}

/**
 * Ends the trial of a process that has gone, whichever way is asked for. What it observes can be given up alone: its
 * programs only observe, and whoever wants to enforce it builds it.
 * @throws SluiceError datapath/nothing-pending
 */
export function endFoundTrial(how: 'confirm' | 'revert'): void {
  const paths = pathsHere();
  exclusively(paths, () => {
    const state = readState(paths.state);
    const { pending } = state ? standingOf(paths, state) : {};
    if (!state || !isChanging(state) || !pending) throw nothingPending();
    if (pending.kind === 'observation' && how === 'confirm') throw nothingPending();
    if (isAlive(state)) throw pendingElsewhere(state);
    settleChange(paths, state, how === 'confirm' ? 'after' : 'before', 'reverted');
  });
}

/** @param mode at either hook for incoming packets, where it is not known */
function isAttached(paths: Paths, ifindex: number, mode?: JudgingMode): boolean {
  const hooks = mode === undefined ? (['xdp', 'chained'] as const) : [mode === 'chained' ? mode : ('xdp' as const)];
  return hooks.some((hook) => {
    const place = openPlace(paths, ifindex, hook);
    place?.close();
    return place !== undefined;
  });
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
  if (found === 'none' && pinned.length === 0) {
    // Of a process that was killed before it had anything in force.
    if (existsSync(paths.pins)) removeAll(paths);
    return undefined;
  }
  const known =
    state && uniqueInterfaces([...(state.settled?.interfaces ?? []), ...(state.change?.after.interfaces ?? [])]);
  const unreachable =
    known?.filter(({ ifindex, mode }) => mode !== 'chained' && !pinned.includes(ifindex) && runsSluice(ifindex)) ?? [];
  if (state && unreachable.length > 0) throw outOfReach(unreachable, state);
  const interfaces = known?.map(({ name, ifindex }) => interfaceByIndex(ifindex)?.name ?? name);
  takeOutOfForce(paths, state);
  return { interfaces: interfaces ?? pinned.map(nameOf) };
}

/**
 * Ends what a process that was killed had taken out of force, and did not live to remove; and gives up a
 * first policy that one did not live to put in force.
 */
export function finishTakeDown(): void {
  const paths = pathsHere();
  exclusively(paths, () => {
    const state = readState(paths.state);
    if (!state) {
      if (pinnedInterfaces(paths).length === 0) removeAll(paths);
      return;
    }
    if (!isChanging(state) || state.settled || isAlive(state)) return;
    const { kind } = state.change;
    const comesToNothing = (kind === 'apply' || kind === 'down') && judgingSide(paths, state) === 'before';
    if (comesToNothing) settleChange(paths, state, 'before');
  });
}

/** Whether the kernel has the data plane's program on the interface, wherever it may be pinned. */
function runsSluice(ifindex: number): boolean {
  const attached = interfaceByIndex(ifindex)?.xdp;
  if (attached === undefined) return false;
  try {
    using program = programFromId(attached.programId);
    return ENTRIES.has(program.name);
  } catch (error) {
    // Without CAP_SYS_ADMIN nobody is told. It had Sluice's program; nothing is said to be free that may not be.
    if (error instanceof SluiceError && error.problems[0]?.code === 'kernel/no-permission') return true;
    throw error;
  }
}

const uniqueInterfaces = (interfaces: GenerationState['interfaces']): GenerationState['interfaces'] => [
  ...new Map(interfaces.map((one) => [one.ifindex, one])).values(),
];

function outOfReach(interfaces: GenerationState['interfaces'], { pid }: EnforcementState): SluiceError {
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
