import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errors } from './registry.ts';

const documentation = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

test.each(Object.keys(errors))('docs/errors.md explains %s', (code) => {
  expect(documentation).toContain(`## \`${code}\``);
});

test('docs/errors.md explains nothing that is not an error', () => {
  const documented = [...documentation.matchAll(/^## `(.+)`$/gm)].map((match) => match[1]);
  expect(documented.filter((code) => code !== undefined && !(code in errors))).toEqual([]);
});
