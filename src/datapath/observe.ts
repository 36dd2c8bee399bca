import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import {
  type Difference as DifferenceRecord,
  differenceCodec,
  differenceKeyCodec,
  FIRST_RULE,
  type Packet,
  reasonNames,
  verdictNames,
} from '../generated/abi.ts';
import { type MapHandle, openPinnedMap, programArray, typedMap, typedPerCpuMap, u32 } from '../kernel/index.ts';
import { MAX_PARTS } from '../policy/compile.ts';
import { isOwnLayout, ownLayouts } from './counters.ts';
import type { Entries } from './entries.ts';
import type { Generation, HookName } from './generation.ts';
import { type Paths, pinName } from './paths.ts';
import type { GenerationState } from './state.ts';
import { putSide } from './switch.ts';

/** Packets that an observed policy would have judged otherwise, of one pair of rules. */
export interface Difference {
  readonly direction: 'ingress' | 'egress';
  readonly enforced: Decision;
  readonly observed: Decision;
  readonly packets: bigint;
  /** Of whole frames. */
  readonly bytes: bigint;
  /** The latest of them, as the observer judged it. */
  readonly example: Packet;
}

export interface Decision {
  /** The rule's name, or the reason in kebab case. */
  readonly name: string;
  /** In the policy file; undefined for a reason. */
  readonly line: number | undefined;
  readonly verdict: string;
}

/** Which entry stands at which of the hooks where packets are judged. */
const hooks = { xdp: 'xdp', egress: 'tc', chained: 'chained' } as const satisfies Partial<
  Record<keyof Entries, HookName>
>;

/** Gives the observer what is in force to call. */
export function letCall(observer: Generation, enforced: Entries): void {
  for (const [hook, name] of Object.entries(hooks) as [keyof typeof hooks, HookName][]) {
    const entry = enforced[hook];
    const calls = observer.maps.all.get(`${name}:enforced`);
    if (entry && calls) putSide(() => programArray(calls).set(0, entry));
  }
}

/** The records in which the generation in force leaves what it has decided, as the observer's maps. */
export function recordsOf(enforced: GenerationState, paths: Paths): (map: string) => MapHandle | undefined {
  return (map) => {
    const [hook, name] = map.split(':');
    if (name !== 'enforced_scratch') return undefined;
    const pin = join(paths.maps(enforced.generation), pinName(`${hook}:scratch`));
    return existsSync(pin) ? openPinnedMap(pin) : undefined;
  };
}

/**
 * Whether the observer is alone on an interface: the policy in force is not for it, and is not called. To be said before
 * the observer is attached there.
 */
export function setAlone(
  paths: Paths,
  observer: Pick<GenerationState, 'generation'>,
  ifindex: number,
  is: boolean,
): void {
  const pin = join(paths.maps(observer.generation), pinName('observed_alone'));
  if (!existsSync(pin)) return;
  using map = openPinnedMap(pin);
  const alone = typedMap(map, u32, u32);
  if (is) alone.update(ifindex, 1);
  else alone.delete(ifindex);
}

/**
 * Both go through their programs for one packet, and the observer has to read what the other decided.
 * @throws SluiceError datapath/no-switch
 */
export function requireRoomToObserve({ longestWay = MAX_PARTS, layouts }: GenerationState, own: number): void {
  if (longestWay + own > MAX_PARTS) {
    const message = `the policy in force and the observed one take ${longestWay + own} tail calls for a packet, and the kernel leaves ${MAX_PARTS} for them`;
    throw new SluiceError({ code: 'datapath/no-switch', message, help: 'Put it on trial instead.' });
  }
  if (isOwnLayout(layouts.packet, ownLayouts.packet)) return;
  const message = 'the policy in force was put there by another version of Sluice, whose records this one cannot read';
  throw new SluiceError({
    code: 'datapath/no-switch',
    message,
    help: 'Apply the policy in force again with this version.',
  });
}

/** What the map `differences` of an observer holds, the most packets first. */
export function readDifferences(
  map: MapHandle,
  observed: GenerationState,
  enforced: GenerationState | undefined,
): Difference[] {
  const found = [...typedPerCpuMap(map, differenceKeyCodec, differenceCodec).entries()].map(([key, cpus]) => {
    const latest = cpus.reduce((a, b) => (b.example.timeNs > a.example.timeNs ? b : a));
    return {
      direction: key.egress === 0 ? ('ingress' as const) : ('egress' as const),
      enforced: decisionOf(key.enforcedRule, key.enforcedVerdict, enforced),
      observed: decisionOf(key.observedRule, key.observedVerdict, observed),
      packets: sum(cpus, 'packets'),
      bytes: sum(cpus, 'bytes'),
      example: latest.example,
    };
  });
  return found.sort((a, b) => (a.packets < b.packets ? 1 : -1));
}

const sum = (cpus: readonly DifferenceRecord[], field: 'packets' | 'bytes'): bigint =>
  cpus.reduce((total, one) => total + one[field], 0n);

function decisionOf(id: number, verdict: number, policy: GenerationState | undefined): Decision {
  const rule = policy?.rules[id - FIRST_RULE];
  const unasked = policy ? 'not judged' : 'nothing in force';
  const name = rule?.name ?? (id === 0 ? unasked : (reasonNames[id] ?? String(id)));
  return { name, line: rule?.line, verdict: verdictNames[verdict] ?? String(verdict) };
}
