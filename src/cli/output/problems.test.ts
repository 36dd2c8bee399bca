import { expect, test } from 'vitest';
import { SluiceError } from '../../diagnostics/problem.ts';
import { problemsOf, problemsText } from './problems.ts';

test('what was not thrown on purpose is told in one line, as a mistake of Sluice', async () => {
  const problems = problemsOf(new TypeError('x is not\n  a function'));
  const [first, second] = (await problemsText(problems, 'table', false)).split('\n');
  expect(first).toBe('error: TypeError: x is not a function [internal/bug]');
  expect(second).toContain('SLUICE_DEBUG=1');
});

test('a thrown value that is no error is told, too', () => {
  expect(problemsOf('out of order')).toEqual([{ code: 'internal/bug', message: 'out of order' }]);
});

test('as data a problem has its place and the help that is shown', async () => {
  const place = { source: { path: 'p.yaml', text: 'a\nb\n' }, line: 2, column: 1, length: 1 };
  const problems = problemsOf(new SluiceError({ code: 'cli/usage', message: 'no', severity: 'warning', place }));
  expect(JSON.parse(await problemsText(problems, 'ndjson', false))).toEqual({
    code: 'cli/usage',
    severity: 'warning',
    message: 'no',
    file: 'p.yaml',
    line: 2,
    column: 1,
    help: expect.stringContaining('sluice --help'),
  });
});
