import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { findInterface, mountBpffs, unpinFolder } from '../kernel/index.ts';
import type { AddressRanges, CheckedPolicy } from '../policy/checked.ts';
import { compilePolicy } from '../policy/compile.ts';
import { allRules } from '../policy/rule-place.ts';
import { type Attachment, attach, detach } from './attach.ts';
import { type RuleCounter, readCounters } from './counters.ts';
import { type LogEvent, subscribeToLog } from './events.ts';
import { buildGeneration, type Generation } from './generation.ts';
import { type SetChange, type SetWatch, watchSets } from './live-sets.ts';
import { type Paths, pathsHere, pinName } from './paths.ts';
import { type EnforcementState, isAlive, processStart, readState, removeState, writeState } from './state.ts';

/** A policy in force on its interfaces, by this process. When the process is killed, the kernel goes on enforcing. */
export interface Enforcement {
  readonly interfaces: EnforcementState['interfaces'];
  readonly warnings: readonly Problem[];
  readonly generation: Generation;
  counters(): RuleCounter[];
  /** Follows the files of the policy's sets from now on. */
  watchSets(onChange: (change: SetChange) => void): void;
  /** Hears of the packets that `log` rules match, from now on. */
  onLog(onEvent: (event: LogEvent) => void): void;
  /** Takes the policy out of force and leaves nothing behind. */
  stop(): void;
}

export interface EnforceOptions {
  /** Behind the driver even where it has native XDP. */
  readonly generic?: boolean;
}

/** Frames up to so many bytes lie in one buffer of a 4 KiB page, beside XDP's headroom and the kernel's own record. */
const LARGEST_LINEAR_MTU = 3400;

/**
 * Builds the policy's generation and puts it in force on the interfaces of the current network namespace. A policy
 * that a process left in force when it was killed is replaced without a packet in between. On an error, nothing has
 * changed.
 * @throws SluiceError datapath/already-enforced; kernel/interface-missing; what the kernel refuses
 */
export function enforce(policy: CheckedPolicy, options: EnforceOptions = {}): Enforcement {
  const paths = pathsHere();
  const before = readState(paths.state);
  if (before && isAlive(before)) throw alreadyEnforced(before);
  mountBpffs();
  mkdirSync(paths.links, { recursive: true });

  let current = putInForce(policy, paths, before, options);
  let watch: SetWatch | undefined;
  let hear: ((event: LogEvent) => void) | undefined;
  let unsubscribe = (): void => {};
  const rules = allRules(policy).map(({ name, stage, line, action }) => ({ name, stage, line, action: action.kind }));

  function follow(onChange: (change: SetChange) => void): void {
    watch?.close();
    watch = watchSets(current.generation, (change) => {
      onChange(change.outgrown ? { set: change.set, problems: grow(change.set, change.outgrown) } : change);
      if (change.outgrown) follow(onChange);
    });
  }

  function subscribe(): void {
    if (hear) unsubscribe = subscribeToLog(current.generation, allRules(policy), hear);
  }

  /** The same policy with the set's new content: its maps get room for it. */
  function grow(set: string, ranges: AddressRanges): readonly Problem[] {
    const sets = new Map(policy.sets);
    const old = sets.get(set);
    if (old) sets.set(set, { ...old, ranges });
    try {
      const next = putInForce({ ...policy, sets }, paths, readState(paths.state), options);
      unsubscribe();
      current.generation.close();
      current = next;
      subscribe();
      return [];
    } catch (error) {
      if (error instanceof SluiceError) return error.problems;
      throw error;
    }
  }

  return {
    get interfaces() {
      return current.state.interfaces;
    },
    get warnings() {
      return current.warnings;
    },
    get generation() {
      return current.generation;
    },
    counters: () => readCounters(current.generation.maps.get('xdp', 'counters'), rules),
    watchSets: follow,
    onLog: (onEvent) => {
      unsubscribe();
      hear = onEvent;
      subscribe();
    },
    stop: () => {
      watch?.close();
      unsubscribe();
      removeAll(current.state, paths);
      current.generation.close();
    },
  };
}

interface InForce {
  readonly generation: Generation;
  readonly state: EnforcementState;
  readonly warnings: readonly Problem[];
}

function putInForce(
  policy: CheckedPolicy,
  paths: Paths,
  before: EnforcementState | undefined,
  options: EnforceOptions,
): InForce {
  const devices = policy.interfaces.map(findInterface);
  const multiBuffer = devices.some(({ mtu }) => mtu > LARGEST_LINEAR_MTU);
  const interfaceIndex = (name: string): number => findInterface(name).index;
  const generation = buildGeneration(compilePolicy(policy, { interfaceIndex, multiBuffer }));
  const number = (before?.generation ?? 0) + 1;
  const attached: Attachment[] = [];
  try {
    pinMaps(generation, paths.maps(number));
    for (const { name } of devices) attached.push(attach(name, generation, { paths, ...options }));
    const state = stateOf(policy, number, attached);
    writeState(paths.state, state);
    for (const { name } of before?.interfaces ?? []) {
      if (!policy.interfaces.includes(name)) detach(name, paths);
    }
    if (before) unpinFolder(paths.maps(before.generation));
    return { generation, state, warnings: attached.flatMap(({ warnings }) => warnings) };
  } catch (error) {
    for (const one of attached.reverse()) one.undo();
    unpinFolder(paths.maps(number));
    if (!before) unpinFolder(paths.pins);
    generation.close();
    throw error;
  }
}

/** The counters outlive the process by it, and so do program arrays, which the kernel empties without a pin. */
function pinMaps(generation: Generation, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, map] of generation.maps.all) {
    if (!name.endsWith('.rodata')) map.pin(join(folder, pinName(name)));
  }
}

function stateOf(policy: CheckedPolicy, generation: number, attached: readonly Attachment[]): EnforcementState {
  return {
    format: 1,
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    startedAt: new Date().toISOString(),
    generation,
    policy: policy.source,
    interfaces: attached.map(({ name, ifindex, mode, classifier }) => ({ name, ifindex, mode, classifier })),
    rules: allRules(policy).map(({ name, stage, line, action }) => ({ name, stage, line, action: action.kind })),
  };
}

/** Takes all that `state` names from the kernel, and then the state. */
export function removeAll(state: Pick<EnforcementState, 'interfaces'>, paths: Paths): void {
  for (const { name } of state.interfaces) detach(name, paths);
  unpinFolder(paths.pins);
  removeState(paths.state);
}

function alreadyEnforced({ pid, policy }: EnforcementState): SluiceError {
  return new SluiceError({
    code: 'datapath/already-enforced',
    message: `process ${pid} enforces ${policy.path} here`,
    help: 'Stop it with Ctrl-C, or with `sluice down`.',
  });
}
