import { expect, test } from 'vitest';
import { createPaint, plain } from './style.ts';
import { type Cell, renderTable } from './table.ts';

const columns = [{ head: 'rule' }, { head: 'packets', align: 'right' }, { head: 'note' }] as const;

test('columns are as wide as their widest cell, and no line ends with spaces', () => {
  const rows: Cell[][] = [
    ['ssh', '7', ''],
    ['a-longer-name', '1,234,567,890', 'x'],
  ];
  expect(renderTable(columns, rows, plain)).toBe(
    `rule                 packets  note
ssh                        7
a-longer-name  1,234,567,890  x
`,
  );
});

test('without heads there is no line for them, and an indent stands before every row', () => {
  expect(
    renderTable(
      [{ head: '' }, { head: '' }],
      [
        ['a', 'b'],
        ['long', 'c'],
      ],
      plain,
      '  ',
    ),
  ).toBe('  a     b\n  long  c\n');
});

test('wide characters take two columns, colours none', () => {
  const rows: Cell[][] = [
    [{ text: '規則', style: 'red' }, '1'],
    ['rule', '2'],
  ];
  const table = renderTable([{ head: '' }, { head: '' }], rows, createPaint(true));
  expect(table).toBe('\u001b[31m規則\u001b[0m  1\nrule  2\n');
});

test('what a terminal would act on is shown, not done', () => {
  expect(renderTable([{ head: '' }], [['\u001b[2Jgone']], plain)).toBe('␛[2Jgone\n');
});

test('a table without rows is its heads', () => {
  expect(renderTable(columns, [], plain)).toBe('rule  packets  note\n');
});
