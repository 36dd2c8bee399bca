import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { renderProblems } from '../../src/diagnostics/render.ts';
import { examinePolicy } from '../../src/policy/load.ts';

/**
 * A case is a folder: policy.* and, in expected.txt, all that Sluice says of it, then `ok` where it is in order. A new
 * case needs no code: UPDATE_EXPECTED=1 writes expected.txt, to be read before it is committed.
 */
const root = relative('.', import.meta.dirname);
const cases = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(cases.map(({ name }) => name))('%s', async (name) => {
  const folder = join(root, name);
  const file = readdirSync(folder).find((entry) => entry.startsWith('policy.'));
  const { policy, problems } = await examinePolicy(join(folder, file ?? 'policy.yaml'));
  const said = `${renderProblems(problems)}${policy ? 'ok\n' : ''}`.replaceAll(`${folder}/`, '');
  const expected = join(folder, 'expected.txt');
  if (process.env['UPDATE_EXPECTED']) writeFileSync(expected, said);
  expect(existsSync(expected) ? readFileSync(expected, 'utf8') : '').toBe(said);
});
