import type { TimeWindow } from '../checked.ts';
import { DAY_SECONDS, offsetChanges, weekdayOf } from './zone.ts';

/** Open from the first of the two moments until the second one, Unix time in milliseconds. */
export interface Opening {
  readonly fromMs: number;
  readonly toMs: number;
}

const DAY_MS = DAY_SECONDS * 1000;

/** When one of the windows is open between two moments, in order, none touching another. */
export function openings(windows: readonly TimeWindow[], fromMs: number, toMs: number): Opening[] {
  const all = windows.flatMap((window) => openingsOf(window, fromMs, toMs)).sort((a, b) => a.fromMs - b.fromMs);
  const merged: Opening[] = [];
  for (const one of all) {
    const last = merged.at(-1);
    if (last === undefined || one.fromMs > last.toMs) merged.push(one);
    else if (one.toMs > last.toMs) merged[merged.length - 1] = { fromMs: last.fromMs, toMs: one.toMs };
  }
  return merged;
}

/** From one change of the clock to the next a window is open from a local time to another, day after day. */
function openingsOf({ days, from, to, timezone }: TimeWindow, fromMs: number, toMs: number): Opening[] {
  const changes = offsetChanges(timezone, fromMs, toMs);
  const seconds = to > from ? to - from : to - from + DAY_SECONDS;
  return changes.flatMap(({ atMs, offsetMs }, index) => {
    const endMs = changes[index + 1]?.atMs ?? toMs;
    const found: Opening[] = [];
    // One that has begun on the day before may go on.
    for (let day = Math.floor((atMs + offsetMs) / DAY_MS) - 1; day * DAY_MS - offsetMs < endMs; day++) {
      if (!days.includes(weekdayOf(day))) continue;
      const start = day * DAY_MS + from * 1000 - offsetMs;
      const clipped = { fromMs: Math.max(start, atMs), toMs: Math.min(start + seconds * 1000, endMs) };
      if (clipped.fromMs < clipped.toMs) found.push(clipped);
    }
    return found;
  });
}
