import { WEEKDAYS } from '../check/weekdays.ts';
import type { TimeWindow } from '../checked.ts';

/** `mon-fri 08:00-18:00 Europe/Berlin or sat, sun America/New_York`. */
export const windowsInWords = (windows: readonly TimeWindow[]): string => windows.map(windowInWords).join(' or ');

function windowInWords({ days, from, to, timezone }: TimeWindow): string {
  const time = from === 0 && to === 86_400 ? [] : [`${timeOfDay(from)}-${timeOfDay(to)}`];
  return [...(days.length === 7 ? ['every day'] : [daysInWords(days)]), ...time, timezone].join(' ');
}

/** Days that follow each other as a range. */
function daysInWords(days: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run?.[1] === day - 1) run[1] = day;
    else runs.push([day, day]);
  }
  return runs
    .map(([first, last]) => (first === last ? WEEKDAYS[first] : `${WEEKDAYS[first]}-${WEEKDAYS[last]}`))
    .join(', ');
}

function timeOfDay(second: number): string {
  const parts = [Math.floor(second / 3600), Math.floor(second / 60) % 60, ...(second % 60 ? [second % 60] : [])];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
