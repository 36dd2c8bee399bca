import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSetFile } from '../../src/policy/check/set-file.ts';
import { buildTrie } from '../../src/prefix-set/trie.ts';
import { type Prefixes, prefixText } from './prefixes.ts';

const LINES_AT_ONCE = 100_000;

/** Seconds from a text file, a prefix a line, to a trie: read, check, build. */
export function textFileSeconds(prefixes: Prefixes): number {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const path = join(folder, 'set.txt');
    for (let i = 0; i < prefixes.lengths.length; i += LINES_AT_ONCE) {
      const length = Math.min(LINES_AT_ONCE, prefixes.lengths.length - i);
      appendFileSync(path, Array.from({ length }, (_, k) => `${prefixText(prefixes, i + k)}\n`).join(''));
    }
    const started = performance.now();
    const result = readSetFile(path, path);
    if (!('ranges' in result)) throw new Error('the file was not read');
    buildTrie(result.ranges, prefixes.family);
    return Number(((performance.now() - started) / 1000).toFixed(3));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
