import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSetFile } from '../../src/policy/check/set-file.ts';
import { buildTrie } from '../../src/prefix-set/trie.ts';
import { type Prefixes, prefixText } from './prefixes.ts';

/** Seconds from a text file, a prefix a line, to a trie: read, check, build. */
export function textFileSeconds(prefixes: Prefixes): number {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const path = join(folder, 'set.txt');
    const lines = Array.from(prefixes.lengths, (_, i) => prefixText(prefixes, i));
    writeFileSync(path, `${lines.join('\n')}\n`);
    const started = performance.now();
    const result = readSetFile(path, path);
    if (!('ranges' in result)) throw new Error('the file was not read');
    buildTrie(result.ranges, prefixes.family);
    return Number(((performance.now() - started) / 1000).toFixed(3));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
