import { readFileSync } from 'node:fs';
import { filesBelow } from './project-files.ts';

const maxLines = 350;
const saysNothing = /(^|\/)(utils?|helpers?|common|misc|manager)(\.|\/)/;
const dataPlaneLicense = 'SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause';

/** Checks what no linter knows: licence headers, file sizes and file names. Prints each finding; true without any. */
export function checkTree(): boolean {
  const findings = [...licenseHeaders(), ...fileSizes(), ...fileNames()];
  for (const finding of findings) console.log(finding);
  return findings.length === 0;
}

function licenseHeaders(): string[] {
  return filesBelow(['bpf'], /\.[ch]$/)
    .filter((file) => !firstLine(file).includes(dataPlaneLicense))
    .map((file) => `${file}:1 has no "${dataPlaneLicense}"`);
}

function fileSizes(): string[] {
  return filesBelow(['src', 'bpf', 'test', 'bench', 'demo', 'examples', 'scripts'], /\.(ts|mjs|[ch])$/)
    .filter((file) => !file.startsWith('src/generated/'))
    .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${file} has ${lines} lines, more than ${maxLines}`);
}

function fileNames(): string[] {
  return filesBelow(['src', 'bpf', 'test', 'bench', 'demo', 'examples', 'scripts'])
    .filter((file) => saysNothing.test(file))
    .map((file) => `${file}: the name says nothing of what is in it`);
}

function firstLine(file: string): string {
  const text = readFileSync(file, 'utf8');
  return text.slice(0, text.indexOf('\n'));
}
