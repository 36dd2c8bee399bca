import { expect, test } from 'vitest';
import type { Problem } from './problem.ts';
import { renderProblem, renderProblems } from './render.ts';

const problem = (text: string, column: number, length: number, rest: Partial<Problem> = {}): Problem => ({
  code: 'policy/unknown-set',
  message: 'unknown set "@admin"',
  help: 'did you mean "@admins"?',
  place: { source: { path: 'policy.yaml', text }, line: 1, column, length },
  ...rest,
});

/** The line of carets, and what of the line above stands over it. */
function underlined(rendered: string): string {
  const lines = rendered.split('\n');
  const carets = lines.find((line) => /^[\s|]*\^+$/.test(line)) ?? '';
  const above = lines[lines.indexOf(carets) - 1] ?? '';
  return above.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1);
}

test('says what is wrong, where, and what to do', () => {
  expect(renderProblem(problem('- { name: ssh, from: "@admin", port: 22 }', 22, 8))).toBe(
    [
      'error: unknown set "@admin" [policy/unknown-set]',
      '  policy.yaml:1:22',
      '  1 | - { name: ssh, from: "@admin", port: 22 }',
      '    |                      ^^^^^^^^',
      '  help: did you mean "@admins"?',
      '',
    ].join('\n'),
  );
});

test('without help of its own, the help of the registry is shown', () => {
  expect(renderProblem({ code: 'policy/unknown-set', message: 'm' })).toContain('help: Correct the name');
});

test('tabs before the value move the carets as they move the value', () => {
  expect(underlined(renderProblem(problem('\t- from:\t@admin', 10, 6)))).toBe('@admin');
});

test('a wide character takes two columns, a combining one none', () => {
  const rendered = renderProblem(problem('表表 e\u0301 @admin', 7, 6));
  const carets = rendered.split('\n')[3] ?? '';
  expect(carets).toBe('    |        ^^^^^^');
});

test('of a very long line, the part around the value is shown', () => {
  const text = `${'x'.repeat(100_000)}@admin${'y'.repeat(100_000)}`;
  const rendered = renderProblem(problem(text, 100_001, 6));
  expect(underlined(rendered)).toBe('@admin');
  for (const line of rendered.split('\n')) expect(line.length).toBeLessThan(130);
});

test('a value longer than the window is underlined as far as it is shown', () => {
  expect(underlined(renderProblem(problem('@'.repeat(5000), 1, 5000)))).toMatch(/^@+$/);
});

test.each([
  ['a line that the file does not have', { line: 7, column: 1, length: 1 }],
  ['a column behind the end of the line', { line: 1, column: 99, length: 3 }],
  ['line 0', { line: 0, column: 0, length: 0 }],
])('%s is no reason to fail', (_what, place) => {
  const source = { path: 'policy.yaml', text: 'short' };
  const rendered = renderProblem({ code: 'policy/syntax', message: 'm', place: { source, ...place } });
  expect(rendered).toContain(`policy.yaml:${place.line}:${place.column}`);
});

test('neither message nor line can send control characters to the terminal', () => {
  const rendered = renderProblem(problem('\u001b[2J\u0007\u202e@admin', 7, 6, { message: 'a\u001b[31mb\r\nc' }));
  expect(rendered.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(underlined(rendered)).toBe('@admin');
});

test('other places are shown with what is there', () => {
  const source = { path: 'policy.yaml', text: '- name: a\n- name: a' };
  const rendered = renderProblem({
    code: 'policy/duplicate-name',
    message: 'two rules are called "a"',
    place: { source, line: 2, column: 9, length: 1 },
    related: [{ message: 'first used here', place: { source, line: 1, column: 9, length: 1 } }],
  });
  expect(rendered).toContain('first used here: policy.yaml:1:9\n  1 | - name: a\n    |         ^');
});

test('in colour, errors are red and warnings yellow', () => {
  const message: Problem = { code: 'policy/empty-set', message: 'm' };
  expect(renderProblem(message, { color: true })).toContain('\u001b[1;31merror:\u001b[0m');
  expect(renderProblem({ ...message, severity: 'warning' }, { color: true })).toContain(
    '\u001b[1;33mwarning:\u001b[0m',
  );
});

test('many problems are counted, not shown', () => {
  const many = Array.from({ length: 60 }, () => problem('@admin', 1, 6));
  expect(renderProblems(many, { limit: 2 })).toMatch(/\nand 58 more\n$/);
});

test('an excerpt of a file keeps the number of its line', () => {
  const source = { path: 'blocked.txt', text: 'hello', firstLine: 41 };
  const place = { source, line: 41, column: 1, length: 5 };
  expect(renderProblem({ code: 'policy/set-line', message: 'm', place })).toContain('  41 | hello\n     | ^^^^^');
});
