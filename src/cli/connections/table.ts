import type { LiveConnection } from '../../datapath/index.ts';
import { formatBytes, formatCount, formatDuration } from '../output/numbers.ts';
import type { Paint, StyleName } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'protocol' },
  { head: 'from' },
  { head: 'to' },
  { head: 'by' },
  { head: 'phase' },
  { head: 'packets', align: 'right' },
  { head: 'back', align: 'right' },
  { head: 'bytes', align: 'right' },
  { head: 'back', align: 'right' },
  { head: 'flags' },
  { head: 'age', align: 'right' },
  { head: 'idle', align: 'right' },
  { head: 'left', align: 'right' },
  { head: 'rule' },
];

export const connectionTable = (rows: readonly LiveConnection[], paint: Paint): string =>
  renderTable(COLUMNS, rows.map(cellsOf), paint);

const endOf = (address: string, port: number | null): string => {
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
};

function cellsOf(c: LiveConnection): Cell[] {
  const age = Math.max(0, Math.floor((Date.now() - Date.parse(c.first)) / 1000));
  return [
    c.protocol,
    endOf(c.source, c.sourcePort),
    endOf(c.destination, c.destinationPort),
    `${c.direction === 'inbound' ? 'in' : 'out'} ${c.interface}`,
    { text: `${c.phase}${c.proven ? '' : ', unproven'}`, style: phaseStyle(c) },
    formatCount(c.packets),
    formatCount(c.replyPackets),
    formatBytes(c.bytes),
    formatBytes(c.replyBytes),
    c.flags === null ? '' : `${c.flags}/${c.replyFlags}`,
    formatDuration(age),
    formatDuration(Math.floor(c.idleSeconds)),
    formatDuration(c.secondsLeft),
    ruleCell(c),
  ];
}

function phaseStyle({ phase, proven, replyPackets }: LiveConnection): StyleName {
  if (phase === 'killed' || phase === 'reset') return 'red';
  return !proven || replyPackets === 0 ? 'yellow' : 'green';
}

function ruleCell({ rule, line, verdict, policy }: LiveConnection): Cell {
  const name = policy === 'earlier' ? 'of an earlier policy' : `${rule}${line === null ? '' : `:${line}`}`;
  if (verdict === 'drop') return { text: `${name}, dropped`, style: 'red' };
  return policy === 'earlier' ? { text: name, style: 'dim' } : name;
}

const EVENT_STYLES = { new: 'green', changed: 'dim', ended: 'yellow' } as const;

/** A line of what goes on: `12:00:01Z  new  tcp 192.0.2.1:1 > 192.0.2.2:22  in eth0  established …`. */
export function changeLine(event: keyof typeof EVENT_STYLES, time: Date, c: LiveConnection, paint: Paint): string {
  const [, from, to, by, phase, packets, back, bytes, bytesBack, flags, , , , rule] = cellsOf(c).map(textOf);
  const what = `${c.protocol} ${from} > ${to}`;
  const parts = [what, by, phase, `${packets}/${back} packets`, `${bytes}/${bytesBack}`, flags, rule];
  const clock = paint('dim', `${time.toISOString().slice(11, 19)}Z`);
  return `${clock}  ${paint(EVENT_STYLES[event], event.padEnd(7))}  ${parts.filter(Boolean).join('  ')}\n`;
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);
