import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { interfaceByIndex, type NetworkLink } from '../kernel/index.ts';
import { matchesAny } from '../policy/interface-pattern.ts';
import { type AttachOptions, attachSwitch } from './attach.ts';
import { described } from './change.ts';
import { closeEntries, type Entries, entriesFor, openEntries } from './entries.ts';
import { forgetInterface, nameInterface } from './interface-classes.ts';
import { notEthernet } from './interfaces-chosen.ts';
import { setAlone } from './observe.ts';
import type { Paths } from './paths.ts';
import { detachInterface } from './pinned-links.ts';
import type { EnforcementState, GenerationState } from './state.ts';
import { openSwitch } from './switch.ts';

/** What an enforcement tells of an interface of its policy. */
export interface InterfaceChange {
  readonly name: string;
  readonly ifindex: number;
  /**
   * `attached`: it is judged from now on. `gone`: deleted, moved to another namespace, or renamed to what the policy is not
   * for. `renamed`: to another name that the policy is for. `refused`: it is there, and is not judged: `problems` say why.
   */
  readonly what: 'attached' | 'gone' | 'renamed' | 'refused';
  /** The name that it had before. */
  readonly was?: string;
  /** The name that it has now, for which the policy is not. */
  readonly became?: string;
  /** It is in another network namespace, where nothing of Sluice is on it. */
  readonly moved?: true;
  readonly problems: readonly Problem[];
}

export interface Reconciliation {
  readonly paths: Paths;
  /** The interfaces that there are. */
  readonly links: ReadonlyMap<number, NetworkLink>;
  /** Numbers of interfaces that have left for another namespace. */
  readonly moved: ReadonlySet<number>;
  /** Of interfaces that have been renamed since the last time. */
  readonly formerNames: ReadonlyMap<number, string>;
  /** What could not be attached to, and what it looked like then: tried again when it looks otherwise. Changed. */
  readonly refused: Map<number, string>;
  readonly options: AttachOptions;
}

/** The generations that may judge: that in force, and the one on its way into its place. */
type Sides = Pick<EnforcementState, 'settled' | 'change'>;

/**
 * Brings what is attached into line with the interfaces that there are: each that the policy is for by its name, and no
 * other. It asks what is, not what happened, so that nothing is lost with an event.
 * @returns the state as it is now, the same object where nothing has changed
 */
export function reconcile(
  before: EnforcementState,
  given: Reconciliation,
): { readonly state: EnforcementState; readonly changes: readonly InterfaceChange[] } {
  const { links, moved, formerNames, refused } = given;
  const changes: InterfaceChange[] = [];
  let state = before;

  for (const { ifindex, name } of known(state)) {
    const link = links.get(ifindex);
    if (link?.name === name) continue;
    const isOwn = link !== undefined && generations(state).some(({ patterns }) => matchesAny(patterns, link.name));
    if (link && isOwn && sameSides(state, name, link.name)) {
      for (const one of generations(state)) if (has(one, ifindex)) nameInterface(given.paths, one, ifindex, link.name);
      state = eachSide(state, (one) => renamed(one, ifindex, link.name));
      changes.push({ name: link.name, ifindex, what: 'renamed', was: name, problems: [] });
      continue;
    }
    const problems = free(given.paths, state, ifindex);
    state = eachSide(state, (one) => without(one, ifindex));
    changes.push({
      name,
      ifindex,
      what: 'gone',
      ...(link && { became: link.name }),
      ...(moved.has(ifindex) && { moved: true as const }),
      problems,
    });
  }

  for (const ifindex of refused.keys()) if (!links.has(ifindex)) refused.delete(ifindex);
  for (const link of links.values()) {
    const { index: ifindex, name } = link;
    const wanting = generations(state).filter(({ patterns }) => matchesAny(patterns, name));
    if (wanting.length === 0) refused.delete(ifindex);
    if (wanting.length === 0 || generations(state).some((one) => has(one, ifindex))) continue;
    const looks = JSON.stringify([name, link.xdp, link.mtu]);
    if (refused.get(ifindex) === looks) continue;
    const outcome = take(link, state, given);
    if (outcome === 'gone') continue;
    const was = formerNames.get(ifindex);
    const change = { name, ifindex, ...(was !== undefined && { was }), problems: outcome.problems };
    if (outcome.attached) refused.delete(ifindex);
    else refused.set(ifindex, looks);
    changes.push({ ...change, what: outcome.attached ? 'attached' : 'refused' });
    if (outcome.attached)
      state = eachSide(state, (one) => (wanting.includes(one) ? withInterface(one, outcome.attached) : one));
  }
  return { state, changes };
}

type Attached = GenerationState['interfaces'][number];

type Outcome = 'gone' | { readonly attached?: Attached; readonly problems: readonly Problem[] };

/** Attaches all that may judge the interface, once the rules know what it is called. */
function take(link: NetworkLink, state: Sides, { paths, options }: Reconciliation): Outcome {
  const { index: ifindex, name } = link;
  if (!link.ethernet) return { problems: [notEthernet({ name, driver: link.kind })] };
  const { settled, change } = state;
  const after = change?.after ?? settled;
  const isFor = (one: GenerationState | undefined): boolean => one !== undefined && matchesAny(one.patterns, name);
  const open: Entries[] = [];
  const entriesOf = (one: GenerationState | undefined): Entries => {
    const entries = one && isFor(one) ? openEntries(paths.maps(one.generation)) : {};
    open.push(entries);
    return entriesFor(entries, one !== undefined && matchesAny(one.chained, name));
  };
  const turn = change && openSwitch(change.after.multiBuffer === true, paths.turn);
  try {
    for (const one of generations(state)) if (isFor(one)) nameInterface(paths, one, ifindex, name);
    const observing = change?.kind === 'observation';
    // An observer calls the policy in force, which is to judge on its own interfaces alone.
    if (observing) setAlone(paths, change.after, ifindex, settled !== undefined && !isFor(settled));
    const entries = entriesOf(after);
    const earlier = change && { before: entriesOf(settled) };
    const attached = attachSwitch({ ...options, ifindex, paths, after: entries, ...earlier, turn, observing });
    attached.close();
    const isChained = matchesAny(after?.chained ?? [], name);
    const expected = { name, ifindex, mode: isChained ? 'chained' : 'native', classifier: 'none' } as const;
    return { attached: described(paths, expected), problems: attached.warnings };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return interfaceByIndex(ifindex) === undefined ? 'gone' : { problems: error.problems };
  } finally {
    for (const entries of open) closeEntries(entries);
    turn?.close();
  }
}

/** Takes all of Sluice from an interface, wherever it is by now; what fails is told. */
function free(paths: Paths, state: Sides, ifindex: number): readonly Problem[] {
  try {
    detachInterface(ifindex, paths);
    for (const one of generations(state)) forgetInterface(paths, one, ifindex);
    if (state.change?.kind === 'observation') setAlone(paths, state.change.after, ifindex, false);
    return [];
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return error.problems;
  }
}

const generations = ({ settled, change }: Sides): GenerationState[] => [
  ...(settled ? [settled] : []),
  ...(change ? [change.after] : []),
];

const known = (state: Sides): Attached[] => [
  ...new Map(generations(state).flatMap(({ interfaces }) => interfaces.map((one) => [one.ifindex, one]))).values(),
];

const has = ({ interfaces }: GenerationState, ifindex: number): boolean =>
  interfaces.some((one) => one.ifindex === ifindex);

/** Whether the same generations are for both names. */
const sameSides = (state: Sides, one: string, other: string): boolean =>
  generations(state).every(({ patterns }) => matchesAny(patterns, one) === matchesAny(patterns, other));

function eachSide(state: EnforcementState, next: (one: GenerationState) => GenerationState): EnforcementState {
  const { settled, change } = state;
  return {
    ...state,
    ...(settled && { settled: next(settled) }),
    ...(change && { change: { ...change, after: next(change.after) } }),
  };
}

const renamed = (one: GenerationState, ifindex: number, name: string): GenerationState => ({
  ...one,
  interfaces: one.interfaces.map((each) => (each.ifindex === ifindex ? { ...each, name } : each)),
});

const without = (one: GenerationState, ifindex: number): GenerationState => ({
  ...one,
  interfaces: one.interfaces.filter((each) => each.ifindex !== ifindex),
});

/** Both generations of a change may judge it at other hooks. */
function withInterface(one: GenerationState, attached: Attached | undefined): GenerationState {
  if (!attached) return one;
  const isChained = matchesAny(one.chained, attached.name);
  const mode = isChained ? 'chained' : attached.mode === 'chained' ? 'native' : attached.mode;
  return { ...one, interfaces: [...one.interfaces, { ...attached, mode }] };
}
