import type { SetRecords } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import type { Report } from './report.ts';

/** What may be said of a set besides its members. */
export interface SetOptionsInput {
  readonly counters?: boolean | undefined;
  readonly ttl?: string | undefined;
  readonly memory?: string | undefined;
  readonly dynamic?: boolean | undefined;
}

export interface SetOptions {
  readonly records?: SetRecords;
  readonly memoryBytes?: number;
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST_MS = 365 * UNIT_MS.d;
const UNIT_BYTES = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const [LEAST_BYTES, MOST_BYTES] = [4 * 2 ** 10, 512 * 2 ** 20];

/** Undefined when some of it is wrong, which is reported. */
export function checkSetOptions(input: SetOptionsInput, path: Path, report: Report): SetOptions | undefined {
  const ttlMs = input.ttl === undefined ? undefined : readDuration(input.ttl);
  const memoryBytes = input.memory === undefined ? undefined : readSize(input.memory, LEAST_BYTES, MOST_BYTES);
  const wrong = [Number.isNaN(ttlMs), Number.isNaN(memoryBytes)];
  if (wrong[0])
    report.error('policy/bad-duration', [...path, 'ttl'], `${quote(input.ttl ?? '')} is not a time to live`);
  if (wrong[1])
    report.error('policy/bad-size', [...path, 'memory'], `${quote(input.memory ?? '')} is not a set's memory`);
  if (wrong.includes(true)) return undefined;
  const dynamic = input.dynamic === true;
  const counters = input.counters === true;
  const keeps = counters || ttlMs !== undefined || dynamic;
  return {
    ...(keeps && { records: { counters, ...(ttlMs !== undefined && { ttlMs }), ...(dynamic && { dynamic }) } }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  };
}

/** `90s`, `10m`, `1h` or `7d` in milliseconds, a year at most; NaN where it is none. */
export function readDuration(text: string): number {
  const match = /^\s*([1-9]\d{0,8})\s*([smhd])\s*$/.exec(text);
  const ms = match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : Number.NaN;
  return ms <= LONGEST_MS ? ms : Number.NaN;
}

/** Bytes; NaN where it is none, or outside of what may be asked for. */
export function readSize(text: string, least: number, most: number): number {
  const match = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*(KiB|MiB|GiB)\s*$/.exec(text);
  const bytes = match ? Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES] : Number.NaN;
  return bytes >= least && bytes <= most ? bytes : Number.NaN;
}
