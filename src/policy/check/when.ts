import { closest, didYouMean } from '../../diagnostics/suggest.ts';
import type { TimeWindow } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { openings } from '../when/openings.ts';
import { WEEK_MS } from '../when/schedule.ts';
import { DAY_SECONDS, isTimezone, timezoneNames } from '../when/zone.ts';
import { quote } from './numbers.ts';
import { operands } from './operands.ts';
import type { Report } from './report.ts';
import { WEEKDAYS } from './weekdays.ts';

export interface WindowInput {
  readonly days?: string | readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly timezone?: string | undefined;
}
export type WhenInput = WindowInput | readonly (WindowInput | undefined)[];

/** What the windows of one `when` may open in a week: the kernel keeps twice as many switches for two weeks. */
const MOST_OPENINGS = 60;

/** Windows that never touch a change of the clock tell how often they open: any week in January does. */
const SOME_WEEK_MS = Date.UTC(2024, 0, 10);

/** The windows of a rule, or undefined when one is wrong, which is reported. */
export function checkWhen(input: WhenInput, path: Path, report: Report): readonly TimeWindow[] | undefined {
  const list = Array.isArray(input) ? (input as readonly (WindowInput | undefined)[]) : [input as WindowInput];
  if (list.length === 0) report.error('policy/empty-list', path, `the list "${path.at(-1)}" is empty`);
  const checked = list.map(
    (one, index) => one && checkWindow(one, Array.isArray(input) ? [...path, index] : path, report),
  );
  const windows = checked.filter((one) => one !== undefined);
  if (windows.length < Math.max(1, list.length)) return undefined;
  if (openings(windows, SOME_WEEK_MS, SOME_WEEK_MS + WEEK_MS).length <= MOST_OPENINGS) return windows;
  const message = `the windows open more than ${MOST_OPENINGS} times a week`;
  report.error('policy/bad-window', path, message, { help: 'write several rules, with some of the windows each' });
  return undefined;
}

function checkWindow(input: WindowInput, path: Path, report: Report): TimeWindow | undefined {
  const days =
    input.days === undefined ? WEEKDAYS.map((_, day) => day) : checkDays(input.days, [...path, 'days'], report);
  const from = input.from === undefined ? 0 : checkTime(input.from, [...path, 'from'], report);
  const to = input.to === undefined ? DAY_SECONDS : checkTime(input.to, [...path, 'to'], report);
  const timezone = checkTimezone(input.timezone ?? 'UTC', [...path, 'timezone'], report);
  if (days === undefined || from === undefined || to === undefined || timezone === undefined) return undefined;
  return { days, from, to, timezone };
}

function checkDays(value: string | readonly string[], path: Path, report: Report): readonly number[] | undefined {
  const list = operands(value, path, report);
  const days = new Set<number>();
  let wrong = list.length === 0;
  for (const { value: text, negated, path: place } of list) {
    if (negated) {
      report.error('policy/bad-window', place, 'days take no "!"', { help: 'write the days on which it opens' });
      wrong = true;
      continue;
    }
    const ends = text.split('-').map((word) => dayOf(word.trim()));
    const bad = ends.findIndex((day) => day < 0);
    if (bad >= 0 || ends.length > 2) {
      const word = text.split('-')[bad]?.trim();
      const message = `${quote(word ?? text)} is no ${word === undefined ? 'range of days' : 'day'}`;
      report.error('policy/bad-window', place, message, { help: suggestDay(word) });
      wrong = true;
      continue;
    }
    const [first = 0, last = first] = ends;
    // "fri-mon" goes over the end of the week.
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return wrong ? undefined : [...days].sort();
}

const dayOf = (word: string): number => (WEEKDAYS as readonly string[]).indexOf(word);

/** `monday` is nearer to `mon` than its letters tell. */
function suggestDay(word = ''): string {
  const begun = WEEKDAYS.find((day) => word.toLowerCase().startsWith(day));
  const meant = begun === undefined ? didYouMean(word, WEEKDAYS) : `did you mean "${begun}"?`;
  return meant ?? `the days are ${WEEKDAYS.join(', ')}`;
}

/** Seconds since midnight. */
function checkTime(text: string, path: Path, report: Report): number | undefined {
  const [, hour, minute, second = '0'] = /^\s*(\d{1,2}):(\d{2})(?::(\d{2}))?\s*$/.exec(text) ?? [];
  const time = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (isTime || (path.at(-1) === 'to' && time === DAY_SECONDS && Number(minute) + Number(second) === 0)) return time;
  const help = 'write hours and minutes, "00:00" to "23:59"; "to" may be "24:00", the end of the day';
  report.error('policy/bad-window', path, `${quote(text)} is no time of day`, { help });
  return undefined;
}

function checkTimezone(name: string, path: Path, report: Report): string | undefined {
  if (isTimezone(name)) return name;
  report.error('policy/unknown-timezone', path, `${quote(name)} is no time zone`, { help: suggestTimezone(name) });
  return undefined;
}

/** People know the city, and few the continent. */
function suggestTimezone(name: string): string | undefined {
  const names = timezoneNames();
  const cityOf = (zone: string): string => zone.replace(/^.*\//, '');
  const city = closest(cityOf(name).replaceAll(' ', '_'), names.map(cityOf));
  const zones = names.filter((zone) => cityOf(zone) === city);
  return didYouMean(name, zones.length > 1 ? zones : names) ?? (zones[0] && `did you mean "${zones[0]}"?`);
}
