/**
 * Writes docs/commands.md from the tree of commands and scripts/commands-introduction.md. With --check nothing is
 * written, and the exit code is 1 where the file is not what would have been written.
 */
import { createProgram } from '../src/cli/program.ts';
import { commandsIntroduction } from './commands-introduction.ts';
import { commandsReference } from './commands-reference.ts';
import { writeGenerated } from './write-generated.ts';

process.chdir(new URL('..', import.meta.url).pathname);
const program = createProgram();
const parts = [await commandsIntroduction(program), ...commandsReference(program)];
writeGenerated('docs/commands.md', `${parts.join('\n\n')}\n`);
