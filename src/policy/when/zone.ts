/** Seconds of a day without a change of the clock. */
export const DAY_SECONDS = 86_400;

/** What a clock on the wall of a time zone shows. */
export interface LocalTime {
  /** 0 Monday to 6 Sunday. */
  readonly weekday: number;
  /** Since midnight, as the clock shows it. */
  readonly second: number;
}

/** `timezone` must be one that `isTimezone` knows; `timeMs` is Unix time. */
export function localTime(timezone: string, timeMs: number): LocalTime {
  const { day, second } = civilTime(timezone, timeMs);
  return { weekday: weekdayOf(day), second };
}

/** The weekday of a day counted from 1970-01-01, a Thursday. */
export const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

/** By how much the zone's clock is ahead of UTC then. Zones have had offsets of whole seconds since there are computers. */
export function offsetMs(timezone: string, timeMs: number): number {
  const { day, second } = civilTime(timezone, timeMs);
  return (day * DAY_SECONDS + second - Math.floor(timeMs / 1000)) * 1000;
}

/** A moment from which a zone's clock is by so much ahead of UTC. */
export interface OffsetChange {
  readonly atMs: number;
  readonly offsetMs: number;
}

/** No zone has changed its clock twice within so little. */
const STEP_MS = DAY_SECONDS * 1000;

/** The offset at `fromMs`, and each change of it up to `toMs`. */
export function offsetChanges(timezone: string, fromMs: number, toMs: number): OffsetChange[] {
  const changes: OffsetChange[] = [{ atMs: fromMs, offsetMs: offsetMs(timezone, fromMs) }];
  for (let start = fromMs; start < toMs; start += STEP_MS) {
    const before = changes.at(-1) as OffsetChange;
    const after = offsetMs(timezone, start + STEP_MS);
    if (after === before.offsetMs) continue;
    const atMs = firstSecond(start, start + STEP_MS, (timeMs) => offsetMs(timezone, timeMs) !== before.offsetMs);
    if (atMs < toMs) changes.push({ atMs, offsetMs: after });
  }
  return changes;
}

/** The first whole second behind `lo`, up to `hi`, of which `is` is true, as it is of all behind it. */
function firstSecond(loMs: number, hiMs: number, is: (timeMs: number) => boolean): number {
  let [lo, hi] = [Math.floor(loMs / 1000), Math.ceil(hiMs / 1000)];
  while (hi - lo > 1) {
    const middle = Math.floor((lo + hi) / 2);
    if (is(middle * 1000)) hi = middle;
    else lo = middle;
  }
  return hi * 1000;
}

/** Date and time of day of a zone's clock: the day counted from 1970-01-01, the second from its midnight. */
function civilTime(timezone: string, timeMs: number): { readonly day: number; readonly second: number } {
  const of: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of clockOf(timezone).formatToParts(timeMs)) of[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = of;
  return { day: Date.UTC(year, month - 1, day) / (DAY_SECONDS * 1000), second: hour * 3600 + minute * 60 + second };
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Making one takes a hundred times as long as asking it. */
function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known) return known;
  const clock = new Intl.DateTimeFormat('en-u-ca-iso8601', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(timezone, clock);
  return clock;
}

/** Whether it is a name of the IANA time zone database, as Node's ICU knows it. Offsets like `+01:00` are none. */
export function isTimezone(name: string): boolean {
  // Not one more clock in memory for each name that somebody asks about.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    return clockOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** The names that most zones go by. */
export const timezoneNames = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')];
