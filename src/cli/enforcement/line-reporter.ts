import type { InterfaceChange } from '../../datapath/index.ts';
import { printable } from '../../diagnostics/display-width.ts';
import { formatBytes, formatCount, plural } from '../output/numbers.ts';
import type { Paint } from '../output/style.ts';
import type { Session } from '../session.ts';
import { interfaceChangeInWords } from '../words/interface-change.ts';
import type { CounterRow } from './counter-rows.ts';
import { counterTable } from './counter-table.ts';
import type { LogEntry, PolicyChange, UpEnd, UpReporter, UpStart } from './reporter.ts';

/** A line an event, for logs: counters that have moved get one each. */
export function createLineReporter(session: Session): UpReporter {
  const { paint, write } = session;
  let before = new Map<string, number>();
  return {
    up: (start) => write(`${upLine(start, paint)}\n`),
    log: (entry) => write(`${logLine(entry, paint)}\n`),
    set: ({ set, problems }) => (problems.length > 0 ? session.complain(problems) : write(`${setLine(set, paint)}\n`)),
    policy: (change) =>
      change.problems.length > 0 ? session.complain(change.problems) : write(`${policyLine(change, paint)}\n`),
    interface: async (change) => {
      await write(`${interfaceLine(change, paint)}\n`);
      await session.complain(change.problems);
    },
    async counters(rows, time) {
      const moved = rows.filter((row) => row.packets !== (before.get(keyOf(row)) ?? 0));
      await write(
        moved.map((row) => counterLine(row, row.packets - (before.get(keyOf(row)) ?? 0), time, paint)).join(''),
      );
      before = new Map(rows.map((row) => [keyOf(row), row.packets]));
    },
    down: (end) => write(downText(end, paint)),
  };
}

export function upLine({ policy, interfaces, awaited }: UpStart, paint: Paint): string {
  const where = interfaces.map(({ name, mode }) => `${printable(name)} (${mode})`).join(', ');
  const waiting = awaited.length > 0 ? `, awaits ${awaited.map(printable).join(', ')}` : '';
  const on = `on ${where || 'no interface yet'}${waiting}`;
  return `${paint('bold', printable(policy))} is ${paint('green', 'in force')} ${on}; Ctrl-C takes it down`;
}

export function interfaceLine(change: InterfaceChange, paint: Paint): string {
  return `${paint('dim', clock(new Date()))}  ${interfaceChangeInWords(change)}`;
}

export function logLine({ time, rule, line, packet }: LogEntry, paint: Paint): string {
  return `${paint('dim', clock(time))}  ${paint('cyan', 'log')}  ${printable(rule)}:${line}  ${printable(packet)}`;
}

export function setLine(set: string, paint: Paint): string {
  return `${paint('dim', clock(new Date()))}  set @${printable(set)} has been read again`;
}

export function policyLine({ policy, rules, milliseconds }: PolicyChange, paint: Paint): string {
  const what = `${printable(policy)} as it is now is in force: ${plural(rules, 'rule')}`;
  return `${paint('dim', clock(new Date()))}  ${what}, after ${formatCount(milliseconds)} ms`;
}

export function downText({ why, rows }: UpEnd, paint: Paint): string {
  const table = rows.length > 0 ? `${counterTable(rows, paint)}\n` : '';
  return `${table}${why === 'signal' ? 'taken down' : 'taken down by another process'}\n`;
}

function counterLine({ packets, bytes, ...row }: CounterRow, more: number, time: Date, paint: Paint): string {
  const who = printable(row.rule ?? row.reason);
  const what = `${plural(packets, 'packet')} (+${formatCount(more)}), ${formatBytes(bytes)}`;
  return `${paint('dim', clock(time))}  ${row.action}  ${who}  ${what}\n`;
}

const keyOf = ({ stage, rule, reason }: CounterRow): string => `${stage} ${rule ?? ''} ${reason}`;

/** UTC, to the second: logs of several machines are laid side by side. */
const clock = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;
