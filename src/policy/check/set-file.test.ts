import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSetFile } from './set-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-set-file-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(content: string | Uint8Array) {
  const path = join(folder, 'set.txt');
  writeFileSync(path, content);
  return readSetFile(path, 'set.txt');
}

test('takes comments, blank lines, Windows line ends, a byte order mark and a last line without end', () => {
  const result = read('\ufeff10.0.0.1\r\n\r\n# ünïcode 表\r\n  2001:db8::/32\t# why\r\n10.0.0.2-10.0.0.3');
  expect('ranges' in result && [...result.ranges.v4]).toEqual([0x0a000001, 0x0a000003]);
  expect('ranges' in result && result.ranges.v6.length).toBe(4);
});

test('an empty file is an empty set', () => {
  expect(read('')).toMatchObject({ ranges: { v4: new Uint32Array(0), v6: new BigUint64Array(0) } });
});

test('a bad line is shown with its number and its own text', () => {
  const result = read('10.0.0.1\n# ü\n\u00a0表 nonsense\n');
  expect('problems' in result && result.problems[0]?.place).toMatchObject({
    line: 3,
    source: { path: 'set.txt', text: '\u00a0表 nonsense', firstLine: 3 },
  });
});

test('any bytes end in ranges or in problems with a place', () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256);
  const result = read(bytes);
  expect('problems' in result && result.problems[0]?.place?.line).toBeGreaterThan(0);
});

test('a hundred thousand lines in random order are sorted and merged', () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => {
    const number = (index * 48271) % 100_000;
    return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}\n2001:db8::${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
  });
  const result = read(lines.join('\n'));
  expect('ranges' in result && [...result.ranges.v4]).toEqual([0x0a000000, 0x0a000000 + 99_999]);
  expect('ranges' in result && result.ranges.v6).toEqual(
    BigUint64Array.of(0x20010db8_00000000n, 0n, 0x20010db8_00000000n, 0x1869fn),
  );
});

test('what is no file is refused at once, also a FIFO that nobody writes to', () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  for (const path of [fifo, folder, '/dev/zero', join(folder, 'none')]) {
    expect(readSetFile(path, 'shown')).toMatchObject({ unreadable: { message: expect.stringContaining('shown') } });
  }
});
