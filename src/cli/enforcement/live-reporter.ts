import { formatDuration } from '../output/numbers.ts';
import type { Session } from '../session.ts';
import type { CounterRow } from './counter-rows.ts';
import { counterTable } from './counter-table.ts';
import { downText, interfaceLine, logLine, policyLine, setLine, upLine } from './line-reporter.ts';
import type { UpReporter } from './reporter.ts';

/** Lines longer than the terminal are cut by it, not wrapped: the region's height must be known. */
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';
const ERASE_BELOW = '\u001b[J';

/** Lines of the terminal that the region leaves free, for what is printed above it. */
const LINES_LEFT_FREE = 3;

/** The counters in place at the end of the terminal, refreshed, and events as lines above them. */
export function createLiveReporter(session: Session): UpReporter {
  const { paint, write } = session;
  const started = Date.now();
  let height = 0;
  let region = '';
  let before: { readonly packets: ReadonlyMap<string, number>; readonly time: number } | undefined;

  const erase = (): string => (height > 0 ? `\u001b[${height}A\r${ERASE_BELOW}` : '');
  const draw = (text: string): string => {
    const lines = text.split('\n').slice(0, -1);
    const shown = lines.slice(0, Math.max(3, (process.stdout.rows ?? 24) - LINES_LEFT_FREE));
    height = shown.length;
    region = shown.map((line) => `${line}\n`).join('');
    return `${NO_WRAP}${region}${WRAP}`;
  };
  const above = (text: string): Promise<void> => write(`${erase()}${text}${draw(region)}`);

  return {
    up: (start) => write(`${upLine(start, paint)}\n\n`),
    log: (entry) => above(`${logLine(entry, paint)}\n`),
    set: async ({ set, problems }) =>
      above(problems.length > 0 ? await session.describe(problems) : `${setLine(set, paint)}\n`),
    policy: async (change) =>
      above(change.problems.length > 0 ? await session.describe(change.problems) : `${policyLine(change, paint)}\n`),
    interface: async (change) =>
      above(
        `${interfaceLine(change, paint)}\n${change.problems.length > 0 ? await session.describe(change.problems) : ''}`,
      ),
    async counters(rows, time) {
      const rates = ratesOf(rows, time);
      const uptime = paint('dim', `up ${formatDuration(Math.floor((time.getTime() - started) / 1000))}`);
      await write(`${erase()}${draw(`${counterTable(rows, paint, rates)}${uptime}\n`)}`);
    },
    async down(end) {
      await write(erase());
      await write(downText(end, paint));
    },
  };

  function ratesOf(rows: readonly CounterRow[], time: Date): number[] {
    const seconds = before ? (time.getTime() - before.time) / 1000 : 0;
    const rates = rows.map((row) => {
      const more = row.packets - (before?.packets.get(keyOf(row)) ?? 0);
      return seconds > 0 ? more / seconds : 0;
    });
    before = { packets: new Map(rows.map((row) => [keyOf(row), row.packets])), time: time.getTime() };
    return rates;
  }
}

const keyOf = ({ stage, rule, reason }: CounterRow): string => `${stage} ${rule ?? ''} ${reason}`;
