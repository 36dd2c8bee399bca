import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { applyCommand } from './commands/apply.ts';
import { askCommand } from './commands/ask.ts';
import { checkCommand } from './commands/check.ts';
import { completionCommand } from './commands/completion.ts';
import { confirmCommand } from './commands/confirm.ts';
import { connectionsCommand } from './commands/connections.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { explainCommand } from './commands/explain.ts';
import { feedsCommand } from './commands/feeds.ts';
import { historyCommand } from './commands/history.ts';
import { importCommand } from './commands/import.ts';
import { labCommand } from './commands/lab.ts';
import { replayCommand } from './commands/replay.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { rulesCommand } from './commands/rules.ts';
import { runCommand } from './commands/run.ts';
import { setsCommand } from './commands/sets.ts';
import { statusCommand } from './commands/status.ts';
import { testCommand } from './commands/test.ts';
import { upCommand } from './commands/up.ts';
import { complainOfUse } from './define-command.ts';
import { problemsOf, problemsText } from './output/problems.ts';
import { endQuietlyWithoutReader } from './session.ts';

const HELP = `
Exit status: 0 fine, 1 the answer is no, 2 wrong use.
A policy is a file in YAML, JSON or TypeScript. Commands that judge packets load programs into the kernel, which
needs root; with --model they ask the reference model instead.`;

/** The tree of all commands. */
export function createProgram(): Command {
  const program = new Command('sluice')
    .description("Manages a Linux host's traffic with eBPF: one policy file, compiled, rehearsed, enforced, explained.")
    .version(packageVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .addHelpCommand(helpCommand())
    .configureHelp({ subcommandTerm })
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text) => void complainOfUse(text, {}, 'sluice --help') })
    .addHelpText('after', HELP);
  const groups = {
    'Policies:': [
      checkCommand(),
      explainCommand(),
      askCommand(),
      replayCommand(),
      diffCommand(),
      testCommand(),
      importCommand(),
    ],
    'The daemon:': [runCommand(), applyCommand(), confirmCommand(), rollbackCommand(), historyCommand()],
    'Enforcement:': [
      upCommand(),
      statusCommand(),
      rulesCommand(),
      connectionsCommand(),
      setsCommand(),
      feedsCommand(),
      downCommand(),
    ],
    'This machine:': [doctorCommand(), labCommand(), completionCommand(program)],
  };
  for (const [heading, commands] of Object.entries(groups)) {
    for (const command of commands) program.addCommand(command.helpGroup(heading));
  }
  return program;
}

function helpCommand(): Command {
  return new Command('help')
    .argument('[command]', 'the command; left out, all of them')
    .description('show the help of a command')
    .helpOption(false)
    .helpGroup('This machine:');
}

/** `check <file>`: that every command has options needs no saying. */
function subcommandTerm(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = argument.name() + (argument.variadic ? '…' : '');
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...words].join(' ');
}

/** Runs one command line; the exit code is the process'. Wrong use ends with 2. */
export async function runSluice(argv: readonly string[]): Promise<void> {
  endQuietlyWithoutReader();
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    // Commander has said what there is to say; asking for help or the version is no wrong use.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else await complainOfBug(error);
  }
}

/** What even a command could not report, in the plainest form. */
async function complainOfBug(error: unknown): Promise<void> {
  process.stderr.write(await problemsText(problemsOf(error), 'table', false));
  process.exitCode = 1;
}

function packageVersion(): string {
  // One folder up from the bundle, two from this file.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // Not there: the other one is.
    }
  }
  return 'unknown';
}
