import { existsSync } from 'node:fs';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { FIRST_RULE } from '../generated/abi.ts';
import { type Capability, effectiveCapabilities, inNamespace, namespaceInode, openNamespace } from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { allRules } from '../policy/rule-place.ts';
import { warnOfCost } from '../policy/warn-of-cost.ts';
import { carryCounters, type RuleCounter, readCounters } from './counters.ts';
import {
  addMembers,
  type DynamicSets,
  listMembers,
  type MemberListing,
  type NewMember,
  removeMembers,
} from './dynamic-sets.ts';
import { type LogEvent, subscribeToLog } from './events.ts';
import type { Generation } from './generation.ts';
import {
  type FileWatch,
  followedSets,
  holds,
  readContent,
  type SetChange,
  type SetContent,
  updateTries,
  watchFiles,
  withContent,
} from './live-sets.ts';
import { exclusively } from './lock.ts';
import { type Paths, pathsHere } from './paths.ts';
import { linkPin } from './pinned-links.ts';
import { type EnforceOptions, type InForce, putInForce, removeAll } from './put-in-force.ts';
import { membersIn, type SetProblem, sweep, updateMembers } from './record-sets.ts';
import { createRuntimeMembers } from './runtime-members.ts';
import { type EnforcementState, isAlive, isOwn, readState, stateStamp } from './state.ts';

/** What has expired is not found anyway; its room is wanted now and then. */
const SWEEP_INTERVAL_MS = 1000;
const PRUNE_MS = 5;

/**
 * A policy in force on its interfaces, by this process. When the process is killed, the kernel goes on enforcing. All
 * of it works on the network namespace where the policy was put in force, wherever the thread is by then.
 */
export interface Enforcement {
  readonly interfaces: EnforcementState['interfaces'];
  readonly warnings: readonly Problem[];
  readonly generation: Generation;
  counters(): RuleCounter[];
  /** Follows the files of the policy's sets from now on. */
  watchSets(onChange: (change: SetChange) => void): void;
  /**
   * Puts another version of the policy in the place of this one, without a packet in between. What did not change is not
   * built again: rules that keep their `match` object keep their places in the trees. Rules that keep stage and name go
   * on counting. On an error, the version before stays in force.
   * @throws as `enforce`
   */
  update(policy: CheckedPolicy): void;
  /**
   * Adds members to a dynamic set, all or none, in a few microseconds each. They stay through new versions of the policy
   * and of the set's file. How many had not been added before.
   * @throws SluiceError datapath/set-not-dynamic, datapath/set-not-used, policy/unknown-set, policy/set-too-large,
   *   policy/bad-address, policy/host-bits, policy/bad-duration
   */
  addMembers(set: string, members: readonly NewMember[]): number;
  /**
   * Takes out what was added, all or none; what the policy lists as well stays. How many they were.
   * @throws SluiceError as `addMembers`, and datapath/not-a-member
   */
  removeMembers(set: string, prefixes: readonly string[]): number;
  /** What a set of the policy holds now. Takes a second for a million. */
  members(set: string): MemberListing[];
  /** Hears of the packets that `log` rules match: at first those that nobody has heard of yet. */
  onLog(onEvent: (event: LogEvent) => void): void;
  /** Whether another process has taken the policy down, or has put another in its place. */
  isGone(): boolean;
  /** Takes the policy out of force and leaves nothing behind. What another process put in force since stays. */
  stop(): void;
}

/**
 * Builds the policy's generation and puts it in force on the interfaces of the current network namespace. A policy
 * that a process left in force when it was killed is replaced without a packet in between. On an error, nothing has
 * changed.
 * @throws SluiceError datapath/already-enforced; kernel/interface-missing; what the kernel refuses
 */
export function enforce(first: CheckedPolicy, given: EnforceOptions = {}): Enforcement {
  requireRights();
  const runtime = given.runtimeMembers ?? createRuntimeMembers();
  const options = { ...given, runtimeMembers: runtime };
  const paths = pathsHere();
  let policy = first;
  const here = rememberNamespace();
  let current: InForce;
  try {
    current = exclusively(paths, () => {
      const before = readState(paths.state);
      if (before && isAlive(before)) throw alreadyEnforced(before);
      return putInForce(policy, paths, before, options);
    });
  } catch (error) {
    here.close();
    throw error;
  }
  let { sets } = policy;
  let watch: FileWatch | undefined;
  let heardOfSets: ((change: SetChange) => void) | undefined;
  let hear: ((event: LogEvent) => void) | undefined;
  let unsubscribe = (): void => {};
  /** Changes of members that go on, by the file that they come from; of all sets without one. */
  const changes = new Map<string | undefined, AbortController>();
  const sweeper = setInterval(() => {
    sweep(current.generation);
    runtime.prune(PRUNE_MS);
  }, SWEEP_INTERVAL_MS).unref();
  const dynamicSets = (): DynamicSets => ({ sets, generations: [current.generation], runtime });

  function isGone(): boolean {
    const { interfaces } = current.state;
    return (
      belongsToAnother(paths, current) || !interfaces.some(({ ifindex }) => existsSync(linkPin(paths, ifindex, 'xdp')))
    );
  }

  function subscribe(): void {
    unsubscribe();
    if (hear) unsubscribe = subscribeToLog(current.generation, allRules(policy), hear);
  }

  /** Gives the kernel what the file holds now; where its maps are too small, by a generation with larger ones. */
  async function refresh(file: string, content: SetContent): Promise<readonly Problem[]> {
    if ('problems' in content) return content.problems;
    sets = withContent(sets, file, content);
    const outgrown = updateTries(current.generation, file, content.ranges);
    const problems = outgrown.length === 0 ? [] : problemsOf(replaceGeneration, outgrown);
    return [...problems, ...(await changeMembers(file)).map(({ problem }) => problem)];
  }

  /** Of sets that count or forget: those of the file, or all. What still goes on is given up for the newer one. */
  async function changeMembers(file?: string): Promise<readonly SetProblem[]> {
    changes.get(file)?.abort();
    const change = new AbortController();
    changes.set(file, change);
    const problems = await updateMembers(current.generation, membersIn(sets, file), change.signal, runtime);
    if (changes.get(file) === change) changes.delete(file);
    return problems;
  }

  function replaceGeneration(next: CheckedPolicy = { ...policy, sets }): void {
    const { generation, state } = current;
    const replace = (): InForce => {
      // Asked under the lock: what another process has just taken down stays down.
      return isGone() ? current : putInForce(next, paths, state, { ...options, previous: generation });
    };
    current = here.call(() => exclusively(paths, replace));
    if (current.generation === generation) return;
    policy = next;
    sets = next.sets;
    const unfinished = [...changes.keys()];
    for (const change of changes.values()) change.abort();
    subscribe();
    keepCounts(generation, state, current);
    generation.close();
    for (const file of unfinished) void changeMembers(file).then(tell);
  }

  function tell(problems: readonly SetProblem[]): void {
    for (const { set, problem } of problems) heardOfSets?.({ set, problems: [problem] });
  }

  return {
    get interfaces() {
      return current.state.interfaces;
    },
    get warnings() {
      return [...current.warnings, ...warnOfCost(current.generation.compiled)];
    },
    get generation() {
      return current.generation;
    },
    counters: () => readCounters(current.generation.maps.get('xdp', 'counters'), current.state),
    watchSets,
    update: (next) => {
      replaceGeneration(next);
      void changeMembers().then(tell);
      if (heardOfSets) watchSets(heardOfSets);
    },
    addMembers: (set, members) => addMembers(dynamicSets(), set, members),
    removeMembers: (set, prefixes) => removeMembers(dynamicSets(), set, prefixes),
    members: (set) => listMembers(dynamicSets(), set),
    onLog: (onEvent) => {
      hear = onEvent;
      subscribe();
    },
    isGone,
    stop: () => {
      watch?.close();
      clearInterval(sweeper);
      for (const change of changes.values()) change.abort();
      unsubscribe();
      try {
        here.call(() => exclusively(paths, () => belongsToAnother(paths, current) || removeAll(paths, current.state)));
      } finally {
        current.generation.close();
        here.close();
      }
    },
  };

  function watchSets(onChange: (change: SetChange) => void): void {
    heardOfSets = onChange;
    watch?.close();
    const files = followedSets(current.generation);
    const faulty = new Set<string>();
    watch = watchFiles(files.keys(), (file) => {
      const content = readContent(file);
      if (!faulty.has(file) && holds(sets, file, content)) return;
      void refresh(file, content).then((problems) => {
        if (problems.length > 0) faulty.add(file);
        else faulty.delete(file);
        for (const set of files.get(file) ?? []) onChange({ set, problems });
      });
    });
  }
}

/** Rules that are still there, and reasons, go on counting; the same map may have been inherited. */
function keepCounts({ maps }: Generation, before: EnforcementState, { generation, state, countsOn }: InForce): void {
  if (countsOn) return;
  const [old, fresh] = [maps.get('xdp', 'counters'), generation.maps.get('xdp', 'counters')];
  const keyOf = ({ stage, name }: EnforcementState['rules'][number]): string => `${stage}/${name}`;
  let places: Map<string, number> | undefined;
  carryCounters(old, fresh, (id) => {
    const rule = before.rules[id - FIRST_RULE];
    if (rule === undefined) return id;
    places ??= new Map(state.rules.map((one, index) => [keyOf(one), FIRST_RULE + index]));
    return places.get(keyOf(rule));
  });
}

/** The network namespace of this moment, to come back to. */
function rememberNamespace(): { call<T>(action: () => T): T; close(): void } {
  const namespace = openNamespace({ path: '/proc/thread-self/ns/net' });
  const inode = namespaceInode();
  return {
    call: (action) => (namespaceInode() === inode ? action() : inNamespace(namespace, action)),
    close: namespace.close,
  };
}

/** Whether another process has put a policy in force after this one's was taken down. */
function belongsToAnother(paths: Paths, { stamp }: InForce): boolean {
  try {
    if (stateStamp(paths.state) === stamp) return false;
    const state = readState(paths.state);
    return state !== undefined && !isOwn(state);
  } catch {
    // Nobody else writes a state that cannot be read.
    return false;
  }
}

/** What the action meets with, told behind `context`; nothing where it succeeds. */
function problemsOf(action: () => void, context: readonly Problem[]): readonly Problem[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof SluiceError) return [...context, ...error.problems];
    throw error;
  }
}

/** Asked first: the kernel would say no at whichever step comes to it, and not why. */
function requireRights(): void {
  const has = effectiveCapabilities();
  const missing = (['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'] as const satisfies Capability[]).filter(
    (name) => !has[name] && (name === 'CAP_NET_ADMIN' || !has.CAP_SYS_ADMIN),
  );
  if (missing.length === 0) return;
  const message = `to put a policy in force, this process (user ${process.geteuid?.()}) lacks ${missing.join(', ')}`;
  throw new SluiceError({ code: 'kernel/no-permission', message });
}

function alreadyEnforced({ pid, policy }: EnforcementState): SluiceError {
  return new SluiceError({
    code: 'datapath/already-enforced',
    message: `process ${pid} enforces ${policy.path} here`,
    help: 'Stop it with Ctrl-C, or with `sluice down`.',
  });
}
