import { join } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { bootTimeNs, type MapHandle, type NetworkInterface, unpinFolder, waitForPackets } from '../kernel/index.ts';
import { sourceKey } from '../policy/check/set-source.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { type CompiledPolicy, compilePolicy } from '../policy/compile.ts';
import { matchesAny } from '../policy/interface-pattern.ts';
import { type Attachment, attachSwitch } from './attach.ts';
import { type Changing, keepCounts, settleChange } from './change.ts';
import { forgetCounters, ownLayouts } from './counters.ts';
import { withCountingSince } from './counting-since.ts';
import type { EnforceOptions, UpdateOptions } from './enforce-options.ts';
import { closeEntries, type Entries, entriesAt, entriesFor, entriesOf, pinEntries } from './entries.ts';
import { buildGeneration, type Generation } from './generation.ts';
import { handTablesOver, type TablesHandedOver } from './hand-tables-over.ts';
import { countedRules, inheritFrom, inheritObserved, inheritTables } from './inherit.ts';
import { describeInterfaces, nameInterface } from './interface-classes.ts';
import { interfaceWarnings } from './interface-warnings.ts';
import { attachOrWait, chooseInterfaces, waitingFor } from './interfaces-chosen.ts';
import type { LeftObservation } from './left-observation.ts';
import { sameMembers } from './live-sets.ts';
import { letCall, recordsOf, requireRoomToObserve, setAlone } from './observe.ts';
import { generations, type Paths, pinName } from './paths.ts';
import { pinnedInterfaces } from './pinned-links.ts';
import { prepareFolder } from './prepare-folder.ts';
import { removeEmptyFolders } from './remove.ts';
import { windowStates } from './rule-windows.ts';
import { setStates } from './set-states.ts';
import { type EnforcementState, type GenerationState, isOwn, processStart, removeState, writeState } from './state.ts';
import { createSwitch, type Switch, Turn } from './switch.ts';
import { beginEpoch, describeTables } from './tracking.ts';

export interface PutOptions extends EnforceOptions {
  /** Of an earlier version of the policy. */
  readonly previous?: Generation;
  /** Built of this policy before, as `multiBufferFor` says: nothing is compiled. It is the caller's again after an error. */
  readonly again?: Generation;
}

export interface PutInForce {
  readonly generation: Generation;
  /** With a change in it where the policy is on trial. */
  readonly state: EnforcementState;
  readonly warnings: readonly Problem[];
}

/** Frames up to so many bytes lie in one buffer of a 4 KiB page, beside XDP's headroom and the kernel's own record. */
const LARGEST_LINEAR_MTU = 3400;

/**
 * Builds the policy's generation and puts it in force, in the place of whatever Sluice has in force here, in the steps of
 * docs/decisions/0006. On an error, nothing has changed.
 * @param before what is known of what is in force; no change goes on
 */
export function putInForce(
  policy: CheckedPolicy,
  paths: Paths,
  before: EnforcementState | undefined,
  options: PutOptions,
): PutInForce {
  const {
    previous,
    again,
    runtimeMembers,
    onStep = () => {},
    trialMs,
    observe = false,
    absent = 'refuse',
    resume,
    ...attachOptions
  } = options;
  const known = before && isOwn(before) ? before.settled : undefined;
  const mayWait = waitingFor(absent, known ?? { patterns: [], interfaces: [] });
  const { devices, warnings: unfit } = chooseInterfaces(policy, mayWait, paths);
  const multiBuffer = multiBufferFor(devices, before);
  const compileOptions = {
    multiBuffer,
    ...(previous && { previous: previous.compiled }),
  };
  const compiled = again?.compiled ?? compilePolicy(policy, compileOptions);
  onStep('compiled');
  const longestWay = Math.max(compiled.xdp.longestWay, compiled.tc?.longestWay ?? 0);
  if (observe && before?.settled) requireRoomToObserve(before.settled, longestWay);
  // What an observer counts is its own, and so are the sets that count; it reads what the other decides.
  const counted = observe
    ? inheritObserved(before?.settled && recordsOf(before.settled, paths), resume, policy)
    : before?.settled && inheritFrom(before.settled, policy, paths);
  const tables = before?.settled && inheritTables(before.settled, policy, paths, observe);
  const observedTables = observe && tables ? before?.settled?.connections : undefined;
  const inherit = (map: string): MapHandle | undefined => tables?.(map) ?? counted?.(map);
  const mounted = prepareFolder(paths);
  unpinFolder(paths.turn);
  const number = 1 + Math.max(0, ...generations(paths));
  const attached: Attachment[] = [];
  const unattached = new Set<number>();
  const unfitLater: Problem[] = [];
  const interfaces = new Set([...devices.map(({ index }) => index), ...pinnedInterfaces(paths)]);
  let standing: Entries = {};
  let generation: Generation | undefined;
  let turn: Switch | undefined;
  let connections: TablesHandedOver | undefined;
  let isRecorded = false;
  let state: Changing;
  try {
    standing = entriesAt([...interfaces], paths);
    generation =
      again ??
      buildGeneration(compiled, {
        inherit,
        ...(observe && { observe }),
        ...(observedTables && { tables: observedTables }),
        ...(previous && sharesSets(previous, compiled, { trialMs, observe }) && { earlier: previous }),
        ...(runtimeMembers && { runtimeMembers }),
      });
    if (again) beginAnew(again, previous);
    onStep('built');
    const entries = entriesOf(generation);
    pinMaps(generation, paths.maps(number));
    pinEntries(entries, paths.maps(number));
    if (before?.settled) pinEntries(standing, paths.maps(before.settled.generation));
    if (observe) letCall(generation, standing);
    const needsSwitch = observe || trialMs !== undefined;
    turn = switchOrNone(() => createSwitch(standing, entries, multiBuffer, paths.turn), !needsSwitch);
    onStep('pinned');
    const known = resume?.change.after.rules ?? before?.settled?.rules ?? [];
    const rules = withCountingSince(countedRules(policy), known, new Date().toISOString());
    const after = {
      ...describe(policy),
      rules,
      multiBuffer,
      longestWay,
      generation: number,
      sets: setStates(compiled),
      windows: windowStates(compiled),
    };
    const expectedAt = devices.map((device) => expected(device, policy));
    state = changing(before, { ...after, interfaces: expectedAt }, { trialMs, observe, resume });
    writeState(paths.state, state);
    isRecorded = true;
    onStep('recorded');
    connections = observe ? undefined : handTablesOver(generation, before?.settled, paths, again !== undefined);
    connections?.pass(false);
    const enforced = observe ? before?.settled?.interfaces : undefined;
    for (const { index, name } of devices) nameInterface(paths, after, index, name);
    for (const ifindex of interfaces) {
      const own = devices.find(({ index }) => index === ifindex);
      // An observer calls the policy in force, which is to judge on its own interfaces alone.
      const standing = enforced?.find((one) => one.ifindex === ifindex);
      if (own && enforced && !standing) setAlone(paths, after, ifindex, true);
      const isChained = own !== undefined && matchesAny(policy.chained, own.name);
      const isAsked = standing === undefined || (standing.mode === 'chained') === isChained;
      const mine = own && isAsked ? entriesFor(entries, isChained) : {};
      const wanted = { ifindex, paths, after: mine, turn, observing: observe };
      const device = own ?? { index: ifindex, name: '' };
      const outcome = attachOrWait(device, policy.interfaces, mayWait, () =>
        attachSwitch({ ...wanted, ...attachOptions }),
      );
      if ('done' in outcome) attached.push(outcome.done);
      else {
        unattached.add(ifindex);
        unfitLater.push(...outcome.refused);
      }
    }
    if (unattached.size > 0) {
      state = without(state, unattached);
      writeState(paths.state, state);
    }
    onStep('switch-attached');
    // What has come while they were copied: little, so that hardly anything comes while that is.
    connections?.pass(turn === undefined);
    turn?.setTurn(state.change.deadlineNs === undefined ? Turn.AFTER : BigInt(state.change.deadlineNs));
  } catch (error) {
    for (const one of attached.reverse()) one.undo();
    unpinFolder(paths.maps(number));
    unpinFolder(paths.turn);
    removeEmptyFolders(paths);
    if (isRecorded) restoreState(paths, before);
    if (again === undefined) generation?.close();
    turn?.close();
    connections?.close();
    closeEntries(standing);
    throw error;
  }
  for (const one of attached) one.close();
  turn?.close();
  closeEntries(standing);
  onStep('switched');
  if (connections) {
    waitForPackets();
    connections.pass(true);
  }
  const ofConnections = connections?.warnings() ?? [];
  connections?.close();
  const warnings = [...mounted, ...unfit, ...ofConnections, ...unfitLater, ...attached.flatMap((one) => one.warnings)];
  if (isChangePending(state)) {
    keepCounts(paths, state, 'after');
    return { generation, state, warnings: [...warnings, ...interfaceWarnings(policy, state.change.after.interfaces)] };
  }
  const settled = settleChange(paths, state, 'after');
  onStep('settled');
  const own = settled.state as EnforcementState;
  const ofInterfaces = interfaceWarnings(policy, own.settled?.interfaces ?? []);
  return { generation, state: own, warnings: [...warnings, ...ofInterfaces, ...settled.warnings] };
}

/**
 * Sets that count are shared with the generation before, where both want the same in them for as long as that one may come
 * back. What a file holds, both follow.
 */
function sharesSets(
  { compiled: before }: Generation,
  after: CompiledPolicy,
  { trialMs, observe }: Pick<UpdateOptions, 'observe'> & { readonly trialMs: number | undefined },
): boolean {
  if (observe || trialMs === undefined) return !observe;
  const known = new Map(before.tries.map(({ map, set }) => [map, set]));
  return after.tries.every(({ map, set }) => {
    const old = known.get(map);
    if (!set?.records || !old?.records) return true;
    if (set.file !== undefined || old.file !== undefined) return sourceKey(set) === sourceKey(old);
    return set.members === undefined || old.members === undefined || sameMembers(set.members, old.members);
  });
}

const isChangePending = ({ change }: Changing): boolean => change.kind !== 'apply';

/** Whether the next generation takes frames of several buffers: a switch calls only what agrees in that. */
export const multiBufferFor = (devices: readonly NetworkInterface[], before: EnforcementState | undefined): boolean =>
  devices.some(({ mtu }) => mtu > LARGEST_LINEAR_MTU) || before?.settled?.multiBuffer === true;

/** What it counted when it was in force has been carried on since, unless the generation before counts in the same map. */
function beginAnew({ maps }: Generation, previous: Generation | undefined): void {
  beginEpoch(maps.get('xdp', 'tracking'));
  const counters = maps.get('xdp', 'counters');
  if (previous?.maps.get('xdp', 'counters').id !== counters.id) forgetCounters(counters);
}

/** Without a switch, links are updated one after the other, which is not how a trial may begin. */
function switchOrNone(create: () => Switch, mayGoWithout: boolean): Switch | undefined {
  try {
    return create();
  } catch (error) {
    const isRefused = error instanceof SluiceError && error.problems.some(({ code }) => code === 'datapath/no-switch');
    if (!isRefused || !mayGoWithout) throw error;
    return undefined;
  }
}

function restoreState(paths: Paths, before: EnforcementState | undefined): void {
  if (before) writeState(paths.state, before);
  else removeState(paths.state);
}

/** How an interface will be attached, as far as that is known before. */
function expected(
  { name, index, xdp }: NetworkInterface,
  { chained }: CheckedPolicy,
): GenerationState['interfaces'][number] {
  const mode = xdp?.mode === 'generic' ? 'generic' : 'native';
  return { name, ifindex: index, mode: matchesAny(chained, name) ? 'chained' : mode, classifier: 'none' };
}

interface HowChanging {
  readonly trialMs: number | undefined;
  readonly observe: boolean;
  readonly resume: LeftObservation | undefined;
}

function changing(
  before: EnforcementState | undefined,
  after: GenerationState,
  { trialMs, observe, resume }: HowChanging,
): Changing {
  const now = new Date().toISOString();
  const ownDeadline = trialMs === undefined ? undefined : String(bootTimeNs() + BigInt(Math.round(trialMs * 1e6)));
  const deadlineNs = resume ? resume.change.deadlineNs : ownDeadline;
  return {
    format: 2,
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    startedAt: before && isOwn(before) ? before.startedAt : now,
    ...(before?.settled && { settled: before.settled }),
    change: {
      kind: observe ? 'observation' : trialMs === undefined ? 'apply' : 'trial',
      since: resume?.change.since ?? now,
      ...(deadlineNs !== undefined && { deadlineNs }),
      after,
      reverted: false,
    },
  };
}

/** As it is where some interfaces could not be had. */
function without(state: Changing, unattached: ReadonlySet<number>): Changing {
  const { after } = state.change;
  const interfaces = after.interfaces.filter(({ ifindex }) => !unattached.has(ifindex));
  return { ...state, change: { ...state.change, after: { ...after, interfaces } } };
}

/** The counters outlive the process by it, and so do program arrays, which the kernel empties without a pin. */
function pinMaps(generation: Generation, folder: string): void {
  for (const [name, map] of generation.maps.all) {
    if (!name.endsWith('.rodata')) map.pin(join(folder, pinName(name)));
  }
}

function describe(policy: CheckedPolicy) {
  const { source, ingress, egress, malformed } = policy;
  return {
    policy: { path: source.path, text: source.text },
    defaults: { ingress: ingress.default, egress: egress.default },
    malformed,
    layouts: ownLayouts,
    ...describeTables(policy),
    ...describeInterfaces(policy),
  };
}
