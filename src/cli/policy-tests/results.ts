import { printable } from '../../diagnostics/display-width.ts';
import { decidedBy } from '../../policy/decision.ts';
import type { TestResult } from '../../policy-tests/run-tests.ts';
import type { Answer } from '../output/answer.ts';
import { actionStyle, type Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';

/** `unreadable`: files that have problems, which have been printed. */
export function resultsAnswer(results: readonly TestResult[], unreadable: number): Answer {
  const failed = results.filter(({ passed }) => !passed).length;
  const counts = { passed: results.length - failed, failed, unreadableFiles: unreadable };
  const items = results.map(resultData);
  return { data: { ...counts, results: items }, items, text: (paint) => resultsText(results, counts, paint) };
}

function resultData({ file, policy, test, passed, actual, explanation }: TestResult) {
  const { name, notation, direction, expect, rule, reason } = test;
  return {
    file,
    line: test.place.line,
    policy,
    name,
    packet: notation,
    direction,
    interface: test.interface ?? null,
    passed,
    expected: { verdict: expect, ...(rule !== undefined && { rule }), ...(reason !== undefined && { reason }) },
    actual: { ...actual, explanation },
  };
}

const COLUMNS: readonly Column[] = [{ head: '' }, { head: '' }, { head: '' }, { head: '' }];

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly unreadableFiles: number;
}

function resultsText(results: readonly TestResult[], counts: Counts, paint: Paint): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const tables = files.map((file) =>
    fileText(
      file,
      results.filter((result) => result.file === file),
      paint,
    ),
  );
  const failures = results.filter(({ passed }) => !passed).map((result) => failureText(result, paint));
  return [...tables, ...failures, totalsText(counts, paint)].join('\n');
}

function fileText(file: string, results: readonly TestResult[], paint: Paint): string {
  const rows = results.map(({ test, passed, actual }): Cell[] => [
    passed ? { text: 'ok', style: 'green' } : { text: 'FAIL', style: 'red' },
    test.name,
    { text: actual.verdict, style: actionStyle(actual.verdict) },
    { text: decidedBy(actual), style: 'dim' },
  ]);
  return `${paint('bold', printable(file))}\n${renderTable(COLUMNS, rows, paint, '  ')}`;
}

function failureText({ file, policy, test, actual, explanation }: TestResult, paint: Paint): string {
  const expected = [test.expect, ...byWhom(test.rule, test.reason)].join(' ');
  const where = actual.line === null ? '' : `, ${policy}:${actual.line}`;
  const rows = [
    ['packet', `${test.notation} (${test.direction})`],
    ['expected', expected],
    ['got', `${actual.verdict} by ${decidedBy(actual)}${where}`],
    ['because', explanation],
  ].map(([what = '', value = '']): Cell[] => [{ text: what, style: 'dim' }, value]);
  const title = `${paint('red', 'FAIL')} ${paint('bold', printable(test.name))}`;
  const place = paint('cyan', `${printable(file)}:${test.place.line}`);
  return `${title}  ${place}\n${renderTable([{ head: '' }, { head: '' }], rows, paint, '  ')}`;
}

function byWhom(rule: string | null | undefined, reason: string | undefined): string[] {
  if (reason !== undefined) return ['by', reason];
  if (rule === undefined) return [];
  return ['by', rule ?? 'no rule'];
}

function totalsText({ passed, failed, unreadableFiles }: Counts, paint: Paint): string {
  const parts = [
    paint('green', `${passed} passed`),
    ...(failed > 0 ? [paint('red', `${failed} failed`)] : []),
    ...(unreadableFiles > 0 ? [paint('red', `${unreadableFiles} with errors`)] : []),
  ];
  return `${parts.join(', ')}\n`;
}
