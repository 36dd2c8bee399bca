import type { TimeWindow } from '../checked.ts';
import { localTime } from './zone.ts';

/**
 * Whether one of the windows is open at that moment: whether the clock of its zone shows a time in it. Nothing else
 * decides, so that a time that the clock shows twice is in it twice, and one that it leaves out never. The schedule that
 * the kernel goes by (schedule.ts) is worked out in another way, and the tests hold the two together.
 */
export function isOpen(windows: readonly TimeWindow[], timeMs: number): boolean {
  return windows.some(({ days, from, to, timezone }) => {
    const { weekday, second } = localTime(timezone, timeMs);
    const begunToday = days.includes(weekday) && second >= from;
    if (to > from) return begunToday && second < to;
    return begunToday || (days.includes((weekday + 6) % 7) && second < to);
  });
}
