import type { ConnectionsUse } from '../../datapath/index.ts';
import { formatCount, formatShare } from '../output/numbers.ts';
import type { Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'connections' },
  { head: 'in use', align: 'right' },
  { head: 'room for', align: 'right' },
  { head: '', align: 'right' },
  { head: 'evicted', align: 'right' },
  { head: 'refused', align: 'right' },
];

/** How full the tables are; red from where there is a warning on. */
export function useTable({ proven, unproven }: ConnectionsUse, paint: Paint): string {
  const tables = [
    ['proven', proven],
    ['unproven', unproven],
  ] as const;
  const rows = tables.map(([name, { used, size, nearlyFull, evicted, refused }]): Cell[] => {
    const share = formatShare(Math.min(used, size), size);
    const count = (what: number): Cell => (what === 0 ? '0' : { text: formatCount(what), style: 'yellow' });
    return [
      name,
      formatCount(used),
      formatCount(size),
      nearlyFull ? { text: share, style: 'red' } : share,
      count(evicted),
      count(refused),
    ];
  });
  return renderTable(COLUMNS, rows, paint);
}
