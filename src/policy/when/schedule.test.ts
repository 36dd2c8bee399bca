import { expect, test } from 'vitest';
import type { TimeWindow } from '../checked.ts';
import { createRandom } from '../random.ts';
import { isOpen } from './is-open.ts';
import { openings } from './openings.ts';
import { scheduleOf, WEEK_MS } from './schedule.ts';

const HOUR = 3600;
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const DAY_MS = 86_400_000;

const daily = (from: number, to: number, timezone: string, days = EVERY_DAY): TimeWindow[] => [
  { days, from: from * HOUR, to: to * HOUR, timezone },
];

/** What of a day or more the windows are open, as UTC. */
const openIn = (windows: readonly TimeWindow[], from: string, to: string): string[] =>
  openings(windows, Date.parse(from), Date.parse(to)).map(({ fromMs, toMs }) =>
    [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(5, 16)).join(' '),
  );

const cases: [what: string, windows: TimeWindow[], from: string, to: string, open: string[]][] = [
  ['an afternoon in UTC', daily(13, 18, 'UTC'), '2026-01-05Z', '2026-01-06Z', ['01-05T13:00 01-05T18:00']],
  ['half an hour off', daily(8, 9, 'Asia/Kolkata'), '2026-01-05Z', '2026-01-06Z', ['01-05T02:30 01-05T03:30']],
  [
    'three quarters of an hour off, in summer (Chatham: +13:45)',
    daily(8, 9, 'Pacific/Chatham'),
    '2026-01-05Z',
    '2026-01-06Z',
    ['01-05T18:15 01-05T19:15'],
  ],
  [
    'Berlin sets clocks forward: 02:00 to 03:00 is not shown',
    daily(2, 3, 'Europe/Berlin'),
    '2026-03-28Z',
    '2026-03-31Z',
    ['03-28T01:00 03-28T02:00', '03-30T00:00 03-30T01:00'],
  ],
  [
    'a window that begins in the gap opens behind it',
    daily(2.5, 4, 'Europe/Berlin'),
    '2026-03-29Z',
    '2026-03-30Z',
    ['03-29T01:00 03-29T02:00'],
  ],
  [
    'Berlin sets clocks back: 02:15 to 02:45 is shown twice',
    daily(2.25, 2.75, 'Europe/Berlin'),
    '2026-10-25Z',
    '2026-10-26Z',
    ['10-25T00:15 10-25T00:45', '10-25T01:15 10-25T01:45'],
  ],
  [
    'an hour longer over the repeated hour',
    daily(1, 4, 'Europe/Berlin'),
    '2026-10-25Z',
    '2026-10-26Z',
    ['10-25T00:00 10-25T03:00'],
  ],
  [
    'the southern hemisphere sets clocks forward in October (Sydney)',
    daily(2, 3, 'Australia/Sydney'),
    '2026-10-03Z',
    '2026-10-05Z',
    ['10-04T15:00 10-04T16:00'],
  ],
  ['and back in April', daily(2, 3, 'Australia/Sydney'), '2026-04-04Z', '2026-04-05Z', ['04-04T15:00 04-04T17:00']],
  [
    'by half an hour (Lord Howe)',
    daily(2, 2.5, 'Australia/Lord_Howe'),
    '2026-10-03T12:00Z',
    '2026-10-05Z',
    ['10-04T15:00 10-04T15:30'],
  ],
  [
    'over midnight, from Friday alone',
    daily(22, 6, 'UTC', [4]),
    '2026-01-05Z',
    '2026-01-12Z',
    ['01-09T22:00 01-10T06:00'],
  ],
  [
    'from Sunday night into Monday',
    daily(22, 6, 'UTC', [6]),
    '2026-01-05Z',
    '2026-01-12T12:00Z',
    ['01-05T00:00 01-05T06:00', '01-11T22:00 01-12T06:00'],
  ],
  ['the same time twice is a day', daily(8, 8, 'UTC', [2]), '2026-01-05Z', '2026-01-12Z', ['01-07T08:00 01-08T08:00']],
  [
    'a week end is one opening',
    daily(0, 24, 'America/New_York', [5, 6]),
    '2026-01-05T12:00Z',
    '2026-01-14Z',
    ['01-10T05:00 01-12T05:00'],
  ],
  [
    'a clock that goes to the next day at midnight (Santiago: 24:00 is 23:00 again)',
    daily(23, 24, 'America/Santiago'),
    '2026-04-04T12:00Z',
    '2026-04-05T12:00Z',
    ['04-05T02:00 04-05T04:00'],
  ],
  [
    'two windows of one rule, of which one goes on where the other ends',
    [...daily(8, 12, 'UTC'), ...daily(12, 14, 'UTC'), ...daily(20, 21, 'UTC')],
    '2026-01-05Z',
    '2026-01-06Z',
    ['01-05T08:00 01-05T14:00', '01-05T20:00 01-05T21:00'],
  ],
];

test.each(cases)('%s', (_what, windows, from, to, open) => {
  expect(openIn(windows, from, to)).toEqual(open);
});

const zones = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Kolkata', 'Africa/Casablanca'];

test('the schedule says of random times what the clock on the wall says', () => {
  const random = createRandom(7);
  for (let count = 0; count < 60; count++) {
    const windows = Array.from({ length: 1 + random(3) }, (): TimeWindow => {
      const days = EVERY_DAY.filter(() => random(2) === 0);
      const [from, to] = [random(86_400), 1 + random(86_400)];
      return { days: days.length > 0 ? days : [random(7)], from, to, timezone: zones[random(zones.length)] as string };
    });
    const startMs = Date.UTC(2020 + random(15), random(12), random(28), random(24), random(60));
    const { switches, endMs } = scheduleOf(windows, startMs, 255);
    expect(endMs - startMs).toBeGreaterThanOrEqual(WEEK_MS);
    for (let asked = 0; asked < 40; asked++) {
      const near = switches[random(switches.length)] ?? startMs;
      const at = asked % 2 === 0 ? startMs + random(endMs - startMs) : near - 1000 + random(2000);
      if (at < startMs || at >= endMs) continue;
      const open = switches.filter((one) => one <= at).length % 2 === 1;
      expect([windows, at, open]).toEqual([windows, at, isOpen(windows, at)]);
    }
  }
});

test('a schedule ends with a week in which no clock is set, as far as that fits', () => {
  const start = Date.parse('2026-09-15T00:00Z');
  const summerEnds = Date.parse('2026-10-25T01:00Z');
  const { endMs } = scheduleOf(daily(8, 18, 'Europe/Berlin'), start, 255);
  expect(summerEnds <= endMs - WEEK_MS || summerEnds >= endMs).toBe(true);
  expect(endMs - start).toBeGreaterThanOrEqual(30 * DAY_MS);
});

test('windows that open often are known for a shorter time, and never for less than a week', () => {
  const often = Array.from({ length: 8 }, (_, i) => daily(i * 3, i * 3 + 1, 'Europe/Berlin')).flat();
  const start = Date.parse('2026-03-25T00:30Z');
  const summerBegins = Date.parse('2026-03-29T01:00Z');
  const { switches, endMs } = scheduleOf(often, start, 255);
  expect(switches.length).toBeLessThanOrEqual(255);
  expect(endMs).toBeGreaterThanOrEqual(summerBegins + WEEK_MS);
  expect(endMs).toBeLessThan(start + 16 * DAY_MS);
});
