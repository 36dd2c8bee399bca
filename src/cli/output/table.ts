import { displayWidth, printable } from '../../diagnostics/display-width.ts';
import type { Paint, StyleName } from './style.ts';

export interface Column {
  readonly head: string;
  /** Default: left. */
  readonly align?: 'left' | 'right';
}

/** A text and how it looks; a text alone is plain. */
export type Cell = string | { readonly text: string; readonly style: StyleName };

const GAP = '  ';

/**
 * Rows under their heads, in columns as wide as their widest cell, without lines and boxes. Each line is ended by a
 * line feed. Cells may hold anything that a file or a kernel says: what a terminal would act on is made visible.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
  indent = '',
): string {
  const heads = columns.map(({ head }): Cell => ({ text: head, style: 'dim' }));
  const withHeads = columns.some(({ head }) => head !== '') ? [heads, ...rows] : rows;
  const widths = columns.map((_, i) => Math.max(0, ...withHeads.map((row) => widthOf(row[i]))));
  return withHeads.map((row) => `${indent}${renderRow(row, columns, widths, paint)}\n`).join('');
}

function renderRow(row: readonly Cell[], columns: readonly Column[], widths: readonly number[], paint: Paint): string {
  let line = '';
  // Spaces wait until something follows them: no line ends with spaces.
  let spaces = '';
  columns.forEach(({ align = 'left' }, i) => {
    const { text, style } = partsOf(row[i]);
    const padding = ' '.repeat((widths[i] ?? 0) - displayWidth(text));
    if (align === 'right') spaces += padding;
    if (text !== '') {
      line += spaces + (style ? paint(style, text) : text);
      spaces = '';
    }
    spaces += (align === 'left' ? padding : '') + GAP;
  });
  return line;
}

function partsOf(cell: Cell = ''): { readonly text: string; readonly style?: StyleName } {
  return typeof cell === 'string' ? { text: printable(cell) } : { text: printable(cell.text), style: cell.style };
}

const widthOf = (cell: Cell | undefined): number => displayWidth(partsOf(cell).text);
