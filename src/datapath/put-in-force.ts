import { existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import {
  findInterface,
  type MapHandle,
  mountBpffs,
  type NetworkInterface,
  openPinnedMap,
  unpinFolder,
} from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { compilePolicy } from '../policy/compile.ts';
import { allRules } from '../policy/rule-place.ts';
import { type Attachment, type AttachOptions, attach } from './attach.ts';
import { withCountingSince, withoutSince } from './counting-since.ts';
import { buildGeneration, type Generation } from './generation.ts';
import { interfaceWarnings } from './interface-warnings.ts';
import { generationOf, type Paths, pinName } from './paths.ts';
import { detachInterface, pinnedInterfaces } from './pinned-links.ts';
import type { RuntimeMembers } from './runtime-members.ts';
import { setStates } from './set-states.ts';
import {
  type EnforcementState,
  fileSystemRefusal,
  isOwn,
  processStart,
  removeState,
  stateStamp,
  writeState,
} from './state.ts';

export interface EnforceOptions extends Omit<AttachOptions, 'paths'> {
  /** What was added to dynamic sets before, for one as `openSetOverlay` reads it; the enforcement changes it. */
  readonly runtimeMembers?: RuntimeMembers;
}

export interface PutOptions extends EnforceOptions {
  /** Of an earlier version of the policy. */
  readonly previous?: Generation;
}

export interface InForce {
  readonly generation: Generation;
  readonly state: EnforcementState;
  /** Of the state as it was written. */
  readonly stamp: string;
  readonly warnings: readonly Problem[];
  /** Whether it counts in the map of what was in force before. */
  readonly countsOn: boolean;
}

/** Frames up to so many bytes lie in one buffer of a 4 KiB page, beside XDP's headroom and the kernel's own record. */
const LARGEST_LINEAR_MTU = 3400;

/** What a generation takes over from an earlier one of the same policy: what was counted and not yet read. */
const INHERITED: ReadonlySet<string> = new Set(['counters', 'events']);

/**
 * Builds the policy's generation and puts it in force, in the place of whatever Sluice has in force here. On an error,
 * nothing has changed.
 * @param before what is known of what is in force
 */
export function putInForce(
  policy: CheckedPolicy,
  paths: Paths,
  before: EnforcementState | undefined,
  options: PutOptions,
): InForce {
  const devices = policy.interfaces.map(findInterface);
  requireEthernet(devices);
  const multiBuffer = devices.some(({ mtu }) => mtu > LARGEST_LINEAR_MTU);
  const interfaceIndex = (name: string): number => findInterface(name).index;
  const { previous, runtimeMembers, ...attachOptions } = options;
  const compiled = compilePolicy(policy, {
    interfaceIndex,
    multiBuffer,
    ...(previous && { previous: previous.compiled }),
  });
  const rules = countedRules(policy);
  const inherit = before && isSamePolicy(before, policy, rules) ? mapsOf(before, paths) : undefined;
  const goesOn = before !== undefined && (inherit !== undefined || previous !== undefined);
  const counting = withCountingSince(rules, goesOn ? before.rules : [], new Date().toISOString());
  const mounted = prepareFolder(paths);
  const number = 1 + Math.max(0, ...generations(paths));
  const attached: Attachment[] = [];
  let generation: Generation | undefined;
  let inForce: InForce;
  try {
    generation = buildGeneration(compiled, {
      ...(inherit && { inherit }),
      ...(previous && { earlier: previous }),
      ...(runtimeMembers && { runtimeMembers }),
    });
    pinMaps(generation, paths.maps(number));
    for (const { name } of devices) attached.push(attach(name, generation, { paths, ...attachOptions }));
    const own = { ...ownState(policy, before), generation: number, rules: counting, sets: setStates(compiled) };
    const state = { ...own, interfaces: attached.map(interfaceState) };
    writeState(paths.state, state);
    const ofInterfaces = [...attached.flatMap((one) => one.warnings), ...interfaceWarnings(policy, attached)];
    const warnings = [...mounted, ...ofInterfaces];
    const stamp = stateStamp(paths.state);
    inForce = { generation, state, stamp, countsOn: inherit !== undefined, warnings };
  } catch (error) {
    for (const one of attached.reverse()) one.undo();
    unpinFolder(paths.maps(number));
    removeEmptyFolders(paths);
    generation?.close();
    throw error;
  }
  return { ...inForce, warnings: [...inForce.warnings, ...settle(attached, number, paths)] };
}

/** Where there is no Ethernet header, the parser would take the bytes of IP addresses for one, and rules miss. */
function requireEthernet(devices: readonly NetworkInterface[]): void {
  const others = devices.filter(({ ethernet }) => !ethernet);
  if (others.length === 0) return;
  throw new SluiceError(
    others.map(({ name, driver = 'unknown driver' }) => ({
      code: 'datapath/not-ethernet',
      message: `interface "${name}" (${driver}) has no Ethernet headers`,
    })),
  );
}

/** Removes what was in force before and is not any more. The new policy is in force already: what fails is a warning. */
function settle(attached: readonly Attachment[], number: number, paths: Paths): readonly Problem[] {
  try {
    for (const one of attached) one.settle();
    const current = new Set(attached.map(({ ifindex }) => ifindex));
    for (const ifindex of pinnedInterfaces(paths)) if (!current.has(ifindex)) detachInterface(ifindex, paths);
    for (const earlier of generations(paths)) if (earlier !== number) unpinFolder(paths.maps(earlier));
    return [];
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return error.problems.map((problem) => ({ ...problem, severity: 'warning' }));
  }
}

/** Takes all that Sluice has in force from the kernel, and then the state, which need not be known. */
export function removeAll(paths: Paths, state?: EnforcementState): void {
  const interfaces = [...pinnedInterfaces(paths), ...(state?.interfaces ?? []).map(({ ifindex }) => ifindex)];
  for (const ifindex of new Set(interfaces)) detachInterface(ifindex, paths);
  unpinFolder(paths.pins);
  removeEmptyFolders(paths);
  removeState(paths.state);
}

/** Makes the folder of the pins, and the file system that it is on where there is none; with a warning of that one. */
function prepareFolder({ bpffs, links }: Paths): readonly Problem[] {
  const mounted = mountBpffs(bpffs);
  try {
    mkdirSync(links, { recursive: true });
  } catch (error) {
    throw fileSystemRefusal(links, error);
  }
  return mounted && !hasMountsOfTheMachine() ? [privateMount(bpffs)] : [];
}

/** Whether this process sees the mounts that process 1 sees. */
function hasMountsOfTheMachine(): boolean {
  try {
    return readlinkSync('/proc/self/ns/mnt') === readlinkSync('/proc/1/ns/mnt');
  } catch {
    return false;
  }
}

function privateMount(bpffs: string): Problem {
  return {
    code: 'datapath/private-mount',
    severity: 'warning',
    message: `${bpffs} was not mounted; now it is, but for this process and its children alone`,
  };
}

function removeEmptyFolders({ links, pins }: Paths): void {
  for (const folder of [links, pins, dirname(pins)]) {
    try {
      rmdirSync(folder);
    } catch {
      // It holds something, or is not there.
    }
  }
}

function generations({ pins }: Paths): number[] {
  if (!existsSync(pins)) return [];
  return readdirSync(pins).flatMap((folder) => generationOf(folder) ?? []);
}

function isSamePolicy(before: EnforcementState, { source }: CheckedPolicy, rules: EnforcementState['rules']): boolean {
  return before.policy.text === source.text && JSON.stringify(withoutSince(before.rules)) === JSON.stringify(rules);
}

function mapsOf(before: EnforcementState, paths: Paths): (map: string) => MapHandle | undefined {
  return (map) => {
    const pin = join(paths.maps(before.generation), pinName(map));
    return INHERITED.has(map) && existsSync(pin) ? openPinnedMap(pin) : undefined;
  };
}

/** The counters outlive the process by it, and so do program arrays, which the kernel empties without a pin. */
function pinMaps(generation: Generation, folder: string): void {
  for (const [name, map] of generation.maps.all) {
    if (!name.endsWith('.rodata')) map.pin(join(folder, pinName(name)));
  }
}

function ownState({ source, ingress, egress, malformed }: CheckedPolicy, before: EnforcementState | undefined) {
  return {
    format: 1 as const,
    pid: process.pid,
    processStart: processStart(process.pid) ?? '',
    startedAt: before && isOwn(before) ? before.startedAt : new Date().toISOString(),
    policy: { path: source.path, text: source.text },
    defaults: { ingress: ingress.default, egress: egress.default },
    malformed,
  };
}

const interfaceState = ({ name, ifindex, mode, classifier }: Attachment): EnforcementState['interfaces'][number] => ({
  name,
  ifindex,
  mode,
  classifier,
});

const countedRules = (policy: CheckedPolicy): EnforcementState['rules'] =>
  allRules(policy).map(({ name, stage, line, action }) => ({ name, stage, line, action: action.kind }));
