import { InvalidArgumentError, Option } from 'commander';
import { parseTime } from '../policy/when/parse-time.ts';

/** When packets pass, Unix time in milliseconds. */
export interface AtOption {
  readonly at?: number;
}

export const atOption = (otherwise: string): Option =>
  new Option(
    '--at <time>',
    `when packets pass, like 2026-12-24T18:00+01:00, for rules with a when (default: ${otherwise})`,
  ).argParser((text: string) => {
    const timeMs = parseTime(text);
    if (timeMs === undefined) throw new InvalidArgumentError('It has to be a time like 2026-12-24T18:00+01:00.');
    return timeMs;
  });
