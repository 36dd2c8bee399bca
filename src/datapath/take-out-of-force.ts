import { SluiceError } from '../diagnostics/problem.ts';
import { type Program, waitForPackets } from '../kernel/index.ts';
import { isChanging } from './change.ts';
import { closeEntries, type Entries, openEntries } from './entries.ts';
import type { Paths } from './paths.ts';
import { openPlace, pinnedInterfaces } from './pinned-links.ts';
import { removeAll } from './remove.ts';
import { settleUnfinished } from './settle-unfinished.ts';
import { type EnforcementState, type GenerationState, writeState } from './state.ts';
import { createSwitch, judgingHooks, type Switch, Turn, writeTurn } from './switch.ts';

/**
 * Takes the policy out of force at all hooks by one store, then removes what is left of it: who is killed in between
 * leaves the whole policy or none, and the next process ends it. Where the kernel lets no switch be made, hook after hook.
 */
export function takeOutOfForce(paths: Paths, state: EnforcementState | undefined): void {
  try {
    if (state) passAll(paths, state);
  } catch (error) {
    // What is to be taken down goes, whatever is wrong with it.
    if (!(error instanceof SluiceError)) throw error;
  }
  removeAll(paths, state);
}

function passAll(paths: Paths, found: EnforcementState): void {
  const isBegun = found.change?.kind === 'down';
  const state = isBegun ? found : settleUnfinished(paths, found);
  if (state && isChanging(state)) writeTurn(paths.turn, Turn.BEFORE);
  else if (state?.settled) switchOff(paths, state, state.settled);
  waitForPackets();
}

/** The switch, with nothing on the side before: the policy is the one after, until the store. */
function switchOff(paths: Paths, state: EnforcementState, after: GenerationState): void {
  const entries = openEntries(paths.maps(after.generation));
  let turn: Switch | undefined;
  try {
    if (entries.xdp === undefined) return;
    turn = createSwitch({}, entries, after.multiBuffer === true, paths.turn);
    turn.setTurn(Turn.AFTER);
    const { settled: _, ended: __, ...rest } = state;
    const change = { kind: 'down', since: new Date().toISOString(), after, reverted: false } as const;
    writeState(paths.state, { ...rest, change });
    for (const ifindex of new Set([...pinnedInterfaces(paths), ...after.interfaces.map((one) => one.ifindex)]))
      standAt(paths, ifindex, entries, turn);
    turn.setTurn(Turn.BEFORE);
  } finally {
    turn?.close();
    closeEntries(entries);
  }
}

function standAt(paths: Paths, ifindex: number, entries: Entries, turn: Switch): void {
  for (const hook of judgingHooks) {
    const own: Program | undefined = entries[hook];
    const place = own && openPlace(paths, ifindex, hook);
    place?.update(turn.program(hook, { before: false, after: true }));
    place?.close();
  }
}
