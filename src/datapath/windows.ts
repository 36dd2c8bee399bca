import { MAX_SWITCHES, scheduleCodec, windowCodec, windowFields } from '../generated/abi.ts';
import { BPF_F_MMAPABLE, bootEpochMs, createMapHandle, type MapHandle, mapMemory, u32 } from '../kernel/index.ts';
import type { TimeWindow } from '../policy/checked.ts';
import { type Schedule, scheduleOf } from '../policy/when/schedule.ts';
import type { Generation } from './generation.ts';

/** What the rules of a policy say in `when`, by the entry of the map `windows` that tells when it is open. */
export type AllWindows = readonly (readonly TimeWindow[])[];

/** The largest number that a switch can have: it is never passed. */
const NEVER = 2n ** 63n - 1n;

/** The map of a generation. Its schedules are written by `writeSchedules`: until then all is closed. */
export const createWindowsMap = (windows: AllWindows): MapHandle =>
  createMapHandle({
    type: 'array',
    name: 'windows',
    keySize: u32.size,
    valueSize: windowCodec.size,
    maxEntries: windows.length,
    flags: BPF_F_MMAPABLE,
  });

/**
 * Writes when windows open and close from `startMs` on. Programs that read meanwhile go by the schedule before or by
 * this one.
 * @param zeroMs the Unix time at which the clock that programs read was 0
 * @returns the schedules
 */
export function writeSchedules(map: MapHandle, windows: AllWindows, startMs: number, zeroMs: number): Schedule[] {
  using memory = mapMemory(map);
  const view = new DataView(memory.buffer);
  const toNs = (ms: number): bigint => BigInt(Math.round(ms - zeroMs)) * 1_000_000n;
  return windows.map((one, number) => {
    const schedule = scheduleOf(one, startMs, MAX_SWITCHES);
    const entry = number * memory.stride;
    const current = new BigUint64Array(memory.buffer, entry + windowFields.current.offset, 1);
    const other = 1n - (Atomics.load(current, 0) & 1n);
    const switches = new Array<bigint>(MAX_SWITCHES).fill(NEVER);
    for (const [index, atMs] of schedule.switches.entries()) switches[index] = toNs(atMs);
    scheduleCodec.write(view, placeOf(entry, other), { end: toNs(schedule.endMs), switches });
    Atomics.store(current, 0, other);
    return schedule;
  });
}

const placeOf = (entry: number, which: bigint): number =>
  entry + windowFields.schedules.offset + Number(which) * scheduleCodec.size;

/** The windows of a generation, where its policy has any. */
export function windowsOf({ maps, compiled }: Generation): { readonly map: MapHandle; readonly windows: AllWindows }[] {
  const map = maps.all.get('windows');
  return map ? [{ map, windows: compiled.windows.all }] : [];
}

/** What the kernel thinks of a window at this moment. */
export interface WindowState {
  readonly open: boolean;
  /** When that changes; undefined where it never does. */
  readonly until?: Date;
}

const WEEK_NS = 7n * 24n * 3600n * 1_000_000_000n;

/** The states of all windows of the map at a time of the clock that programs read: the twin of bpf/lib/window.h. */
export function readWindowStates(map: MapHandle, nowNs: bigint, zeroMs: number): WindowState[] {
  using memory = mapMemory(map, 'read');
  const view = new DataView(memory.buffer);
  return Array.from({ length: map.maxEntries }, (_, number) => {
    const entry = number * memory.stride;
    const current = view.getBigUint64(entry + windowFields.current.offset, true) & 1n;
    const { end, switches: all } = scheduleCodec.read(view, placeOf(entry, current));
    const switches = all.filter((at) => at !== NEVER);
    const repeats = nowNs < end ? 0n : (nowNs - end) / WEEK_NS + 1n;
    const stateAt = (ns: bigint): boolean => switches.filter((at) => at <= ns).length % 2 === 1;
    const now = nowNs - repeats * WEEK_NS;
    const open = stateAt(now);
    // Behind the last switch the week before the end begins again, which begins as it ended or with a switch.
    const again = switches.filter((at) => at >= end - WEEK_NS).map((at) => at + WEEK_NS);
    const next = [...switches, end, ...again].find((at) => at > now && stateAt(at < end ? at : at - WEEK_NS) !== open);
    if (next === undefined) return { open };
    return { open, until: new Date(zeroMs + Number((next + repeats * WEEK_NS) / 1_000_000n)) };
  });
}

/** The clocks of this machine, as `keepSchedules` asks for them. */
export interface Clock {
  now(): number;
  /** The Unix time at which the boot clock was 0. */
  bootEpochMs(): number;
}

const machineClock: Clock = { now: Date.now, bootEpochMs };

/** Well before a schedule ends. */
const REFRESH_MS = 3_600_000;
/** The two clocks lie further apart than reading them takes: somebody has set one. */
const CLOCK_SET_MS = 20;
const LOOK_MS = 1000;

/**
 * Writes the schedules of windows anew every hour, and within a second when the wall clock is set, until it is stopped.
 * @param windows those of all generations that may judge: looked up each time, for others may have come
 */
export function keepSchedules(
  windows: () => readonly { readonly map: MapHandle; readonly windows: AllWindows }[],
  clock: Clock = machineClock,
): { look(): void; stop(): void } {
  let writtenMs = clock.now();
  let zeroMs = clock.bootEpochMs();
  const look = (): void => {
    const [nowMs, newZeroMs] = [clock.now(), clock.bootEpochMs()];
    if (Math.abs(newZeroMs - zeroMs) < CLOCK_SET_MS && Math.abs(nowMs - writtenMs) < REFRESH_MS) return;
    for (const { map, windows: all } of windows()) writeSchedules(map, all, nowMs, newZeroMs);
    [writtenMs, zeroMs] = [nowMs, newZeroMs];
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return { look, stop: () => clearInterval(timer) };
}
