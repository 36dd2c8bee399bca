import type { CheckedConnections } from '../checked.ts';
import { DEFAULT_SIZE, DEFAULT_UNPROVEN, TIMEOUTS } from '../schema/connections.ts';
import { quote } from './numbers.ts';
import type { Report } from './report.ts';
import { readDuration } from './set-options.ts';
import type { PartialPolicy } from './shape.ts';

type TimeoutName = keyof typeof TIMEOUTS;

/** Undefined where the policy tracks none. */
export function checkConnections(input: PartialPolicy['connections'], report: Report): CheckedConnections | undefined {
  if (input === undefined) return undefined;
  const timeoutsMs = Object.fromEntries(
    Object.entries(TIMEOUTS).map(([name, [usual]]) => {
      const text = input.timeouts?.[name as TimeoutName] ?? usual;
      const ms = readDuration(text);
      if (Number.isNaN(ms)) {
        report.error('policy/bad-duration', ['connections', 'timeouts', name], `${quote(text)} is not a timeout`);
      }
      return [name, ms];
    }),
  ) as Record<TimeoutName, number>;
  return {
    size: input.size ?? DEFAULT_SIZE,
    unproven: input.unproven ?? DEFAULT_UNPROVEN,
    full: input.full ?? 'evict',
    keepEstablished: input.keepEstablished ?? false,
    asymmetric: input.asymmetric ?? false,
    timeoutsMs,
  };
}
