import type { Argument, Command, Option } from 'commander';

/** What can be typed, as the completion of a shell needs it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly arguments: readonly CompletedValue[];
}

export interface CompletedOption {
  /** `-o` and `--output`, or one of them. */
  readonly flags: readonly string[];
  readonly summary: string;
  /** Undefined where the option takes no value. */
  readonly value?: CompletedValue;
}

/** What an option or argument may be. */
export interface CompletedValue {
  readonly name: string;
  readonly kind: 'file' | 'choice' | 'other';
  /** With `choice`. */
  readonly choices: readonly string[];
}

const FILES = new Set(['file', 'capture', 'dir']);

export function completionTree(program: Command): CompletedCommand[] {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    options: [...command.options.map(completedOption), help],
    arguments: command.registeredArguments.map((argument) => completedValue(argument.name(), argument)),
  }));
  const names = commands.map(({ name }) => name);
  const helpArgument = { name: 'command', kind: 'choice', choices: names } as const;
  return [...commands, { name: 'help', summary: 'show the help of a command', options: [], arguments: [helpArgument] }];
}

/** What can stand in front of a command. */
export function globalOptions(program: Command): CompletedOption[] {
  return [...program.options.map(completedOption), help];
}

const help: CompletedOption = { flags: ['-h', '--help'], summary: 'show this help' };

function completedOption(option: Option): CompletedOption {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const name = /[<[](.+?)[>\]]/.exec(option.flags)?.[1];
  return { flags, summary: option.description, ...(name !== undefined && { value: completedValue(name, option) }) };
}

function completedValue(
  name: string,
  { argChoices: choices = [] }: Pick<Option | Argument, 'argChoices'>,
): CompletedValue {
  if (choices.length > 0) return { name, kind: 'choice', choices };
  return { name, kind: FILES.has(name) ? 'file' : 'other', choices };
}
