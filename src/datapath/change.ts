import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { bootTimeNs, interfaceByIndex, type NetworkInterface, unpinFolder, waitForPackets } from '../kernel/index.ts';
import { settleInterface } from './attach.ts';
import { carryOn, giveBack } from './carry.ts';
import { closeEntries, type Entries, entriesFor, openEntries } from './entries.ts';
import { tablesBack } from './hand-tables-over.ts';
import { generations, type Paths } from './paths.ts';
import { linkPin, openPlace, pinnedInterfaces, unlessGone } from './pinned-links.ts';
import { removeAll } from './remove.ts';
import {
  type ChangeState,
  type EnforcementState,
  type GenerationState,
  type JudgingMode,
  writeState,
} from './state.ts';
import { judgingHooks, Turn, writeTurn } from './switch.ts';

export type Side = 'before' | 'after';

/** A state in which a change goes on. */
export type Changing = EnforcementState & { readonly change: ChangeState };

export const isChanging = (state: EnforcementState): state is Changing => state.change !== undefined;

export interface Settled {
  /** Undefined where nothing is in force any more. */
  readonly state: EnforcementState | undefined;
  /** The winner is in force, and what fails behind that is put right by the next change. */
  readonly warnings: readonly Problem[];
}

/** Why a change came to nothing. */
export type Ending = NonNullable<EnforcementState['ended']>['why'];

/**
 * Ends a change: one of the two generations is in force from here on, its programs stand at its hooks, and the switch
 * goes. Works from the pins alone, so that it does not matter which process began the change, and may be done again
 * where it was interrupted.
 */
export function settleChange(paths: Paths, state: Changing, side: Side, why: Ending = 'interrupted'): Settled {
  const { change, settled } = state;
  const back =
    side === 'before' && settled && change.kind === 'trial' ? tablesBack(paths, change.after, settled) : undefined;
  back?.pass(change.deadlineNs !== undefined && BigInt(change.deadlineNs) <= bootTimeNs());
  writeTurn(paths.turn, side === 'after' ? Turn.AFTER : Turn.BEFORE);
  const winner = side === 'after' ? change.after : settled;
  const ended = side === 'after' ? undefined : endOf(change, why);
  if (winner === undefined) {
    removeAll(paths, state);
    return { state: undefined, warnings: [] };
  }
  let next: EnforcementState = withoutChange(state, winner, ended);
  try {
    placeEntries(paths, state, winner);
    // Until then, packets may be on their way through the other generation, count there, and need its programs.
    waitForPackets();
    back?.pass(true);
    keepCounts(paths, state, side);
    next = withoutChange(
      state,
      { ...winner, interfaces: winner.interfaces.map((one) => described(paths, one)) },
      ended,
    );
    writeState(paths.state, next);
    cleanUp(paths, next);
    return { state: next, warnings: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { state: next, warnings: error.problems.map((problem) => ({ ...problem, severity: 'warning' })) };
  } finally {
    back?.close();
  }
}

/** Rules that both generations have go on counting. */
export function keepCounts(paths: Paths, { settled, change }: Changing, side: Side): void {
  if (settled === undefined || change.kind === 'observation') return;
  if (side === 'after') carryOn(paths, settled, change.after);
  else giveBack(paths, change.after, settled);
}

function placeEntries(paths: Paths, { settled, change }: Changing, winner: GenerationState): void {
  const entries = openEntries(paths.maps(winner.generation));
  try {
    if (entries.xdp === undefined) throw programsGone(winner);
    const own = new Map(winner.interfaces.map(({ ifindex, mode }) => [ifindex, mode]));
    const others = [...(settled?.interfaces ?? []), ...change.after.interfaces].map(({ ifindex }) => ifindex);
    const none: Entries = {};
    for (const ifindex of new Set([...own.keys(), ...others, ...pinnedInterfaces(paths)])) {
      const mode = own.get(ifindex);
      const wanted = mode ? entriesFor(entries, mode === 'chained') : none;
      unlessGone(ifindex, () => settleInterface(ifindex, wanted, paths));
    }
  } finally {
    closeEntries(entries);
  }
}

/** Removes the pins of whatever is not in force. */
export function cleanUp(paths: Paths, { settled }: EnforcementState): void {
  unpinFolder(paths.turn);
  for (const number of generations(paths)) if (number !== settled?.generation) unpinFolder(paths.maps(number));
}

function withoutChange(
  { change: _, ended: __, ...state }: EnforcementState,
  settled: GenerationState,
  ended: EnforcementState['ended'],
): EnforcementState {
  return { ...state, settled, ...(ended && { ended }) };
}

const endOf = ({ kind, after }: ChangeState, why: Ending): EnforcementState['ended'] => ({
  kind,
  why,
  path: after.policy.path,
  at: new Date().toISOString(),
});

/** The interface as it is attached now, under the name by which the rules know it: it may have another by now. */
export function described(
  paths: Paths,
  one: GenerationState['interfaces'][number],
): GenerationState['interfaces'][number] {
  const { name, ifindex } = one;
  const device = interfaceByIndex(ifindex);
  const hooks = (['egress', 'ingress', 'chained'] as const).map((hook) => {
    const place = openPlace(paths, ifindex, hook);
    place?.close();
    return place?.by;
  });
  const by = hooks.find((how) => how !== undefined);
  const classifier = by === undefined ? 'none' : by === 'link' ? 'tcx' : 'clsact';
  return { name, ifindex, mode: modeOf(device, one.mode), classifier };
}

/** How Sluice's XDP is attached to an interface now, where it is. */
export function modeOf(device: NetworkInterface | undefined, otherwise: JudgingMode): JudgingMode {
  if (otherwise === 'chained') return otherwise;
  const mode = device?.xdp?.mode;
  return mode === 'native' || mode === 'generic' ? mode : otherwise;
}

function programsGone({ policy, generation }: GenerationState): SluiceError {
  const message = `the programs of ${policy.path} (generation ${generation}) are not pinned any more`;
  return new SluiceError({ code: 'datapath/damaged-state', message });
}

/** Whether the pins of what the state speaks of are there: a BPF file system that was mounted anew has none. */
export const hasPins = (paths: Paths, { generation, interfaces }: GenerationState): boolean =>
  existsSync(join(paths.maps(generation))) ||
  interfaces.some(({ ifindex }) => judgingHooks.some((hook) => existsSync(linkPin(paths, ifindex, hook))));
