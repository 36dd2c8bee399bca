/**
 * A moment as ISO 8601 writes it, `2026-12-24T18:00+01:00`, in Unix time, milliseconds. Without an offset it is UTC,
 * as windows are without a time zone; without a time of day midnight. Undefined where the text is none.
 */
export function parseTime(text: string): number | undefined {
  const [, date, time = 'T00:00', offset = 'Z'] =
    /^\s*(\d{4}-\d\d-\d\d)(?:[T ]((?:\d\d)(?::\d\d){1,2}(?:\.\d+)?))?(Z|[+-]\d\d:\d\d)?\s*$/i.exec(text) ?? [];
  if (date === undefined) return undefined;
  const midnight = Date.parse(`${date}T00:00Z`);
  // 30 February would be 2 March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return undefined;
  const timeMs = Date.parse(`${date}T${time.replace(/^T/, '')}${offset.toUpperCase()}`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
