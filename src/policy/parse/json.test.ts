import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SluiceError } from '../../diagnostics/problem.ts';
import type { Path } from './document.ts';
import { parseJson } from './json.ts';

const source = (text: string) => ({ path: 'policy.json', text });

function problem(text: string): string {
  try {
    parseJson(source(text));
  } catch (error) {
    const [first] = error instanceof SluiceError ? error.problems : [];
    return `${first?.place?.line}:${first?.place?.column} ${first?.message}`;
  }
  return 'fine';
}

test.each([
  ['', '1:1 the file ends where a value is wanted'],
  ['{', '1:1 the file ends where a key in quotation marks is wanted'],
  ['{"a": 1,\n}', '2:1 a key in quotation marks is wanted before }'],
  ['{"a" 1}', '1:6 : is wanted before 1'],
  ['{"a": 1\n "b": 2}', '2:2 , or } is wanted before "b"'],
  ['[1, 2', '1:5 the file ends where , or ] is wanted'],
  ['{a: 1}', '1:2 a key in quotation marks is wanted before a'],
  ['[01]', '1:2 a value is wanted before 01'],
  ['[NaN]', '1:2 a value is wanted before NaN'],
  ['["a\nb"]', '1:2 a text has no closing quotation mark on its line'],
  ['["\\q"]', '1:2 a text has a backslash with nothing after it that JSON knows'],
  ['{"a": 1, "a": 2}', '1:10 key "a" stands twice in one mapping'],
  ['1 2', '1:3 the end of the file is wanted before 2'],
  [`${'['.repeat(200_000)}`, '1:101 lists or mappings are nested too deep'],
])('%#: says where and what', (text, expected) => {
  expect(problem(text)).toBe(expected);
});

test('knows the place of every key and value', () => {
  const text = '{\n  "10": [1, "a\\"b"],\n  "2": { "": null }\n}\n';
  const { place } = parseJson(source(text));
  const at = (path: Path, part: 'key' | 'value' = 'value') => {
    const { line, column, length } = place(path, part);
    return (text.split('\n')[line - 1] ?? '').slice(column - 1, column - 1 + length);
  };
  expect(at(['10'], 'key')).toBe('"10"');
  expect(at(['10', 1])).toBe('"a\\"b"');
  expect(at(['2'])).toBe('{');
  expect(at(['2', ''])).toBe('null');
  expect(at(['2', ''], 'key')).toBe('""');
  expect(at([])).toBe('{');
  // What is missing has the place of what it is missing from.
  expect(at(['2', 'missing'], 'key')).toBe('{');
  expect(at(['10', 7])).toBe('[');
});

test('reads what JSON.parse reads, to the same data', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseJson(source(text)).value).toEqual(JSON.parse(text));
    }),
  );
});

test('takes what JSON.parse takes, and nothing else', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    ':',
    '\\',
    '1',
    '-',
    '.',
    'e',
    'null',
    ' ',
    '\n',
    '\t',
    'é',
    '\0',
  );
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.nat(2),
      fc.array(piece, { maxLength: 2 }),
      (text, at, cut, put) => {
        const position = at % (text.length + 1);
        const mutated = text.slice(0, position) + put.join('') + text.slice(position + cut);
        let valid = true;
        try {
          JSON.parse(mutated);
        } catch {
          valid = false;
        }
        const said = problem(mutated);
        if (!said.includes('twice')) expect({ mutated, valid: said === 'fine' }).toEqual({ mutated, valid });
      },
    ),
    { numRuns: 2000 },
  );
});
