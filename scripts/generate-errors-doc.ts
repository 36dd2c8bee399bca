/**
 * Writes docs/errors.md from the registry of errors. With --check nothing is written, and the exit code is 1 where
 * the file is not what would have been written.
 */
import { errors } from '../src/diagnostics/registry.ts';
import { writeGenerated } from './write-generated.ts';

const INTRODUCTION = `# Errors

Generated from src/diagnostics/registry.ts (\`make generate\`): do not edit.

Every error and warning has a code in brackets, by which it is found here. Where it is about a file, it shows the
line and the column, and often says better than this list what to do, for it knows the case.`;

process.chdir(new URL('..', import.meta.url).pathname);
const sections = Object.entries(errors).map(
  ([code, { meaning, help }]) => `## \`${code}\`\n\n${meaning}\n\nWhat to do: ${help}`,
);
writeGenerated('docs/errors.md', `${[INTRODUCTION, ...sections].join('\n\n')}\n`);
