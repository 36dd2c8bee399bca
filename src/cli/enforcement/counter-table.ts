import { formatAgo, formatBytes, formatCount, formatDuration } from '../output/numbers.ts';
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
const WINDOW: Column = { head: 'window' };
const RATE: Column = { head: 'packets/s', align: 'right' };

/** @param rates packets a second of each row, for a table that is refreshed */
export function counterTable(rows: readonly CounterRow[], paint: Paint, rates?: readonly number[]): string {
  const hasWindows = rows.some(({ window }) => window);
  const counted = rates ? [...COLUMNS.slice(0, 5), RATE, ...COLUMNS.slice(5)] : COLUMNS;
  const cells = rows.map((row, index) => {
    const rate: Cell[] = rates ? [formatRate(rates[index] ?? 0)] : [];
    const window: Cell[] = hasWindows ? [windowCell(row)] : [];
    return [...rowCells(row).slice(0, 5), ...rate, ...rowCells(row).slice(5), ...window];
  });
  return renderTable(hasWindows ? [...counted, WINDOW] : counted, cells, paint);
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

/** `open for 3 h`, `opens in 12 min`. */
function windowCell({ window }: CounterRow): Cell {
  if (window === undefined) return '';
  const { open, until } = window;
  if (until === null) return open ? 'open' : 'closed';
  const left = formatDuration(Math.max(0, Math.round((until.getTime() - Date.now()) / 1000)));
  return open ? { text: `open for ${left}`, style: 'green' } : { text: `opens in ${left}`, style: 'dim' };
}

const formatRate = (rate: number): string => (rate === 0 ? '' : formatCount(Math.round(rate)));
