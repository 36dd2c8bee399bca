import { didYouMean } from '../../diagnostics/suggest.ts';
import type { Action } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import type { Report } from './report.ts';

export const TERMINAL_ACTIONS = ['allow', 'drop', 'reject'] as const;
export const ACTION_NAMES = [...TERMINAL_ACTIONS, 'count', 'log'] as const;

const DEFAULT_RATE_PER_SECOND = 10;
const DEFAULT_BURST = 10;
const SECONDS = { s: 1, m: 60, h: 3600 } as const;

export interface LogInput {
  readonly rate?: string | undefined;
  readonly burst?: number | undefined;
}
export type ActionInput =
  | string
  | { readonly log?: string | LogInput | undefined; readonly mark?: number | string | undefined };

/** What a rule does, or undefined when it is wrong, which is reported. */
export function checkAction(input: ActionInput, path: Path, report: Report): Action | undefined {
  if (typeof input === 'string') return namedAction(input, path, report);
  if ((input.log === undefined) === (input.mark === undefined)) {
    const help = 'write { log: "10/s" } or { mark: 7 }, each in a rule of its own: both go on with the next rule';
    report.error('policy/bad-action', path, 'an action in {} is either "log" or "mark"', { help });
    return undefined;
  }
  if (input.log !== undefined) return logAction(input.log, [...path, 'log'], report);
  return input.mark === undefined ? undefined : markAction(input.mark, [...path, 'mark'], report);
}

function namedAction(name: string, path: Path, report: Report): Action | undefined {
  if (name === 'log') return { kind: 'log', ratePerSecond: DEFAULT_RATE_PER_SECOND, burst: DEFAULT_BURST };
  const kind = [...TERMINAL_ACTIONS, 'count' as const].find((known) => known === name);
  if (kind) return { kind };
  const help =
    name === 'mark'
      ? 'write { mark: 7 }'
      : (didYouMean(name, ACTION_NAMES) ?? `one of ${ACTION_NAMES.join(', ')}, { log: … }, { mark: … }`);
  report.error('policy/bad-action', path, `unknown action ${quote(name)}`, { help });
  return undefined;
}

function logAction(input: string | LogInput, path: Path, report: Report): Action | undefined {
  const { rate, burst = DEFAULT_BURST } = typeof input === 'string' ? { rate: input } : input;
  if (rate === undefined) return { kind: 'log', ratePerSecond: DEFAULT_RATE_PER_SECOND, burst };
  const ratePerSecond = readRate(rate);
  if (ratePerSecond !== undefined) return { kind: 'log', ratePerSecond, burst };
  report.error('policy/bad-rate', typeof input === 'string' ? path : [...path, 'rate'], `${quote(rate)} is not a rate`);
  return undefined;
}

/** Events a second of `10/s`, `30/m` or `5/h`; undefined when it is none of these. */
function readRate(text: string): number | undefined {
  const match = /^\s*([1-9]\d{0,8})\s*\/\s*(s|m|h)\s*$/.exec(text);
  return match ? Number(match[1]) / SECONDS[match[2] as keyof typeof SECONDS] : undefined;
}

function markAction(input: number | string, path: Path, report: Report): Action | undefined {
  const mark =
    typeof input === 'number' ? input : /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(input) ? Number(input) : Number.NaN;
  if (Number.isInteger(mark) && mark >= 0 && mark <= 0xffff_ffff) return { kind: 'mark', mark };
  const help = 'write a number from 0 to 4294967295, or "0x0" to "0xffffffff"';
  report.error('policy/bad-mark', path, `${quote(input)} is not a mark of 32 bits`, { help });
  return undefined;
}
