import { formatAgo, formatBytes, formatCount } from '../output/numbers.ts';
import { actionStyle, type Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import type { CounterRow } from './counter-rows.ts';

const COLUMNS: readonly Column[] = [
  { head: 'decided by' },
  { head: 'stage' },
  { head: 'line', align: 'right' },
  { head: 'action' },
  { head: 'packets', align: 'right' },
  { head: 'bytes', align: 'right' },
  { head: 'last hit' },
];
const RATE: Column = { head: 'packets/s', align: 'right' };

/** @param rates packets a second of each row, for a table that is refreshed */
export function counterTable(rows: readonly CounterRow[], paint: Paint, rates?: readonly number[]): string {
  const columns = rates ? [...COLUMNS.slice(0, 5), RATE, ...COLUMNS.slice(5)] : COLUMNS;
  const cells = rows.map((row, index) => {
    const rate: Cell[] = rates ? [formatRate(rates[index] ?? 0)] : [];
    return [...rowCells(row).slice(0, 5), ...rate, ...rowCells(row).slice(5)];
  });
  return renderTable(columns, cells, paint);
}

function rowCells({ rule, reason, stage, line, action, packets, bytes, lastHit }: CounterRow): Cell[] {
  return [
    rule === null ? { text: reason, style: 'dim' } : rule,
    stage ?? '',
    line === null ? '' : String(line),
    { text: action, style: actionStyle(action) },
    formatCount(packets),
    formatBytes(bytes),
    { text: formatAgo(lastHit), style: 'dim' },
  ];
}

const formatRate = (rate: number): string => (rate === 0 ? '' : formatCount(Math.round(rate)));
