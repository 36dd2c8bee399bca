import { Command, Option } from 'commander';
import type { Problem } from '../diagnostics/problem.ts';
import { outputForms } from './output/answer.ts';
import { problemsOf } from './output/problems.ts';
import { createSession, type ExitCode, type Presentation, type Session } from './session.ts';

/**
 * A command that answers in every output form. Its file is loaded for every start of Sluice: what is heavy is
 * imported by `run`.
 */
export function defineCommand(name: string, summary: string): Command {
  const command = new Command(name)
    .description(summary)
    .addOption(new Option('-o, --output <form>', 'how to print the answer').choices(outputForms).default('table'))
    .addOption(new Option('--color <when>', 'use colours').choices(['auto', 'always', 'never']).default('auto'))
    .helpOption('-h, --help', 'show this help')
    .showSuggestionAfterError()
    .exitOverride();
  return command.configureOutput({
    outputError: (text) => void complainOfUse(text, command.opts<Presentation>(), `sluice ${name} --help`),
  });
}

/** Says what is wrong with the command line, in the words of commander. */
export async function complainOfUse(text: string, presentation: Presentation, help: string): Promise<void> {
  const [first = '', ...suggestion] = text.trim().split('\n');
  const meant = /Did you mean (.*)\?/.exec(suggestion.join(' '))?.[1];
  const problem: Problem = {
    code: 'cli/usage',
    message: first.replace(/^error: /, '').replace(/\.$/, ''),
    help: meant ? `did you mean ${meant}?` : `\`${help}\` shows what can be given`,
  };
  await createSession(presentation).complain([problem]);
}

/**
 * Commander's action for `run`: gives it a session, its options and arguments, and makes its exit code the process'.
 * Everything thrown ends here, as problems on standard error.
 */
export function answering<Options, Args extends readonly unknown[]>(
  run: (session: Session, options: Options, ...args: Args) => Promise<ExitCode>,
): (this: Command) => Promise<void> {
  return async function act(this: Command) {
    const session = createSession(this.opts<Presentation>());
    try {
      process.exitCode = await run(session, this.opts() as Options, ...(this.processedArgs as unknown as Args));
    } catch (error) {
      await session.complain(problemsOf(error));
      if (process.env['SLUICE_DEBUG'] === '1') process.stderr.write(await inWhole(error));
      process.exitCode = exitCodeOf(error);
    }
  };
}

/** What was typed on the command line is wrong use; what is wrong in files and machines is an answer. */
function exitCodeOf(error: unknown): ExitCode {
  const typed = problemsOf(error).some(({ code }) => code === 'cli/usage' || code === 'packet/notation');
  return typed ? 2 : 1;
}

/** With stack, causes and what they carry, the log of the verifier for one. */
async function inWhole(error: unknown): Promise<string> {
  const { inspect } = await import('node:util');
  return `${inspect(error, { depth: 4, maxStringLength: null })}\n`;
}
