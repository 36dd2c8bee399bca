import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Writes a generated file, formatted as the linter wants it. With --check on the command line it only says when the
 * file is not what would have been written, and makes the exit code 1.
 */
export function writeGenerated(path: string, content: string): void {
  const text = path.endsWith('.json') ? formatted(path, content) : content;
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`${path} is not what its source says: run \`make generate\``);
    process.exitCode = 1;
  }
}

function formatted(path: string, content: string): string {
  const format = ['format', `--stdin-file-path=${path}`];
  return execFileSync('node_modules/.bin/biome', format, {
    input: content,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}
