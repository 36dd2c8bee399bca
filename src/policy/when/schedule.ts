import type { TimeWindow } from '../checked.ts';
import { openings } from './openings.ts';
import { DAY_SECONDS, offsetChanges } from './zone.ts';

/** When windows open and close, for the kernel, which knows no calendar. */
export interface Schedule {
  /** Unix time, milliseconds, ascending: they open at the first, close at the second, open at the third … */
  readonly switches: readonly number[];
  /** Where the schedule begins: what is open then has its first switch here. */
  readonly startMs: number;
  /** From here on its last week begins again. */
  readonly endMs: number;
}

const DAY_MS = DAY_SECONDS * 1000;
export const WEEK_MS = 7 * DAY_MS;
/** Days that a schedule reaches ahead: enough to be without a process for a while, and few to compute. */
const LONGEST_DAYS = 56;
const SHORTEST_DAYS = 7;

/**
 * The windows' schedule from `startMs` on, of so many switches at most. It ends with a week in which no clock is
 * changed, if there is any, so that the week can be repeated for as long as nobody writes another one.
 */
export function scheduleOf(windows: readonly TimeWindow[], startMs: number, mostSwitches: number): Schedule {
  const horizonMs = startMs + LONGEST_DAYS * DAY_MS;
  const switches = openings(windows, startMs, horizonMs).flatMap(({ fromMs, toMs }) =>
    toMs < horizonMs ? [fromMs, toMs] : [fromMs],
  );
  const zones = [...new Set(windows.map(({ timezone }) => timezone))];
  const changes = zones.flatMap((zone) => offsetChanges(zone, startMs, horizonMs).slice(1));
  const ends = Array.from(
    { length: LONGEST_DAYS - SHORTEST_DAYS + 1 },
    (_, days) => startMs + (LONGEST_DAYS - days) * DAY_MS,
  );
  const fits = (endMs: number): boolean => (switches[mostSwitches] ?? endMs) >= endMs;
  const isSteady = (endMs: number): boolean => changes.every(({ atMs }) => atMs <= endMs - WEEK_MS || atMs >= endMs);
  const endMs = ends.find((end) => fits(end) && isSteady(end)) ?? ends.find(fits) ?? startMs + WEEK_MS;
  return { switches: switches.filter((at) => at < endMs).slice(0, mostSwitches), startMs, endMs };
}
