import * as z from 'zod/mini';
import { WEEKDAYS, type Weekday } from '../check/weekdays.ts';
import { oneOrMore, optional, text } from './grammar.ts';

const DAYS = 'a day like "mon", a range like "mon-fri", or a list of these';
const TIME = 'a time of day like "08:00"';
const TIMEZONE = 'a time zone like "Europe/Berlin"';
const WINDOW = 'a mapping like { days: mon-fri, from: "08:00", to: "18:00" }, or a list of them';

const day = `(${WEEKDAYS.join('|')})`;
const TIME_PATTERN = String.raw`([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?`;

const window = z.strictObject(
  {
    days: optional(
      oneOrMore(
        text<Weekday | `${Weekday}-${Weekday}`>(DAYS, {
          anyOf: [{ enum: WEEKDAYS }, { pattern: String.raw`^\s*${day}\s*-\s*${day}\s*$` }],
        }),
        DAYS,
      ),
      'Days on which it opens; every day where left out. A window over midnight belongs to the day on which it begins.',
      { examples: [['mon', 'tue', 'fri'], 'mon-fri', ['fri-mon', 'wed']] },
    ),
    from: optional(
      text<`${number}:${number}`>(TIME, { pattern: `^${TIME_PATTERN}$` }),
      'When it opens, `hh:mm` or `hh:mm:ss`; at midnight where left out. While clocks are set forward, times between are never shown, and a window within them does not open; while they are set back, it opens twice.',
      { examples: ['08:00'] },
    ),
    to: optional(
      text<`${number}:${number}`>(TIME, { pattern: `^(${TIME_PATTERN}|24:00(:00)?)$` }),
      'When it closes; at the end of the day where left out. Not later than `from`: on the day after, so that the same time twice is 24 hours.',
      { examples: ['18:00'] },
    ),
    timezone: optional(
      text<string>(TIMEZONE, { minLength: 1 }),
      'Whose clock is meant, as a name of the IANA time zone database. UTC where left out, whatever the zone of the machine, so that a policy means the same on every machine.',
      { default: 'UTC', examples: ['Europe/Berlin'] },
    ),
  },
  { error: WINDOW },
);

export const when = oneOrMore(window, WINDOW);
