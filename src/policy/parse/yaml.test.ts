import { expect, test } from 'vitest';
import { SluiceError } from '../../diagnostics/problem.ts';
import type { Path } from './document.ts';
import { parseYaml } from './yaml.ts';

const text = `
top:
  list:   # of things
    - { name: "a b", empty: }
    - &anchor
      deep: [1, 2]
  again: *anchor
  folded: >
    two
    lines
`;
const { place, value } = parseYaml({ path: 'policy.yaml', text });

function written(path: Path, part: 'key' | 'value' = 'value'): string {
  const { line, column, length } = place(path, part);
  return (text.split('\n')[line - 1] ?? '').slice(column - 1, column - 1 + length);
}

test('is read as data', () => {
  const deep = { deep: [1, 2] };
  expect(value).toEqual({ top: { list: [{ name: 'a b', empty: null }, deep], again: deep, folded: 'two lines\n' } });
});

test.each<[Path, 'key' | 'value', string]>([
  [['top', 'list', 0, 'name'], 'value', '"a b"'],
  [['top', 'list', 0, 'name'], 'key', 'name'],
  [['top', 'list', 0], 'value', '{'],
  [['top', 'list', 1, 'deep', 1], 'value', '2'],
  [['top', 'again'], 'value', '*anchor'],
  [['top', 'again', 'deep', 0], 'value', '1'],
  [['top', 'folded'], 'value', '>'],
  [['top', 'list', 0, 'missing'], 'value', '{'],
])('the place of %j, its %s', (path, part, expected) => {
  expect(written(path, part)).toBe(expected);
});

test.each([
  ['nesting without end', '['.repeat(50_000)],
  ['mappings without end', '{a: '.repeat(50_000)],
  ['block lists without end', '- '.repeat(50_000)],
])('%s is an error with a place, not a crash', (_what, deep) => {
  try {
    parseYaml({ path: 'policy.yaml', text: deep });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SluiceError);
    expect((error as SluiceError).problems[0]?.place?.line).toBe(1);
  }
});
