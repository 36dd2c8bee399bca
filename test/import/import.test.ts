import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { SluiceError } from '../../src/diagnostics/problem.ts';
import { renderProblems } from '../../src/diagnostics/render.ts';
import { type Imported, type ImportFormat, importRuleset } from '../../src/import/index.ts';
import { checkPolicy } from '../../src/policy/check.ts';

/**
 * A case is a folder: the ruleset in input.nftables (JSON), input.iptables or input.ufw, the policy in expected.yaml, and
 * all that the import says of it in expected.txt. A new case needs no code: UPDATE_EXPECTED=1 writes what is expected,
 * to be read before it is committed.
 */
const root = relative('.', import.meta.dirname);
const cases = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(cases.map(({ name }) => name))('%s', (name) => {
  const folder = join(root, name);
  const file = readdirSync(folder).find((entry) => entry.startsWith('input.')) ?? '';
  const { text, problems } = imported(file, readFileSync(join(folder, file), 'utf8'));
  expectToBe(join(folder, 'expected.yaml'), text);
  expectToBe(join(folder, 'expected.txt'), renderProblems(problems));
  if (text === '') return;
  const { problems: found } = checkPolicy({ path: 'policy.yaml', text });
  expect(found.filter(({ severity }) => severity !== 'warning')).toEqual([]);
});

function imported(file: string, text: string): Pick<Imported, 'text' | 'problems'> {
  try {
    return importRuleset(file.split('.')[1] as ImportFormat, { path: file, text });
  } catch (error) {
    if (error instanceof SluiceError) return { text: '', problems: error.problems };
    throw error;
  }
}

function expectToBe(path: string, text: string): void {
  if (process.env['UPDATE_EXPECTED']) writeFileSync(path, text);
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(text);
}
