import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPair, type Lab } from '../../src/lab/index.ts';

/** Inside the project, where `sluice/kernel` is found. */
const folder = 'test-results/kernel-library';
const page = readFileSync('docs/kernel-library.md', 'utf8');

const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text = '']) => ({ language, text }));
const heading = (program: string): string =>
  [...page.slice(0, page.indexOf(program)).matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? '';
const programs = blocks.flatMap(({ language, text }, index) =>
  language === 'ts'
    ? [[`${index}.ts, ${heading(text)},`, join(folder, `${index}.ts`), blocks[index + 1]?.text, text] as const]
    : [],
);

let pair: Lab;
beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [, file, , text] of programs) writeFileSync(file, text);
  const source = blocks.find(({ language }) => language === 'c')?.text ?? '';
  const clang = ['-O2', '-g', '-target', 'bpf', '-x', 'c', '-c', '-', '-o', join(folder, 'entry.bpf.o')];
  execFileSync('clang-19', clang, { input: source });
  pair = await createPair({ name: 'library' });
});
afterAll(() => pair.close());

test.each(programs)('%s prints what the page says', async (_, file, prints) => {
  const { stdout, stderr } = await pair.host('host').exec(process.execPath, ['--import', 'tsx', file]);
  expect(stderr).toBe('');
  expect(stdout).toBe(prints);
});

test('all programs of the page have the right types', () => {
  const options = { extends: '../../tsconfig.json', include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
  const compiler = ['node_modules/typescript/bin/tsc', '-p', folder];
  expect(() => execFileSync(process.execPath, compiler, { encoding: 'utf8' })).not.toThrow();
});
