import type { Argument, Command, Option } from 'commander';
import { code, markdownTable } from './markdown.ts';

/** The part of docs/commands.md that commander's tree tells: the commands by their groups. */
export function commandsReference(program: Command): string[] {
  const commands = visibleCommands(program);
  const shared = new Set(sharedOptions(program).map(({ flags }) => flags));
  const groups = [...new Set(commands.map((command) => command.helpGroup()))];
  return groups.flatMap((group) => [
    `## ${group.replace(/:$/, '')}`,
    ...commands
      .filter((command) => command.helpGroup() === group)
      .flatMap((command) => commandSection(command, shared)),
  ]);
}

/** The options that every command has that has options at all. */
export function sharedOptions(program: Command): readonly Option[] {
  const [first = [], ...others] = visibleCommands(program)
    .filter(({ options }) => options.length > 0)
    .map((command) => command.createHelp().visibleOptions(command));
  return first.filter(({ flags }) => others.every((options) => options.some((option) => option.flags === flags)));
}

export const visibleCommands = (program: Command): Command[] => program.createHelp().visibleCommands(program);

export function optionsTable(options: readonly Option[]): string {
  return markdownTable(
    ['option', '', 'default'],
    options.map((option) => {
      const { meaning, otherwise } = described(option);
      return [code(option.flags), meaning, otherwise];
    }),
  );
}

function commandSection(command: Command, shared: ReadonlySet<string>): string[] {
  const { text, exitStatus } = textAfterHelp(command);
  const options = command.options.filter(({ flags }) => !shared.has(flags));
  return [
    `### ${code(`sluice ${command.name()}`)}`,
    sentence(command.description()),
    fenced(`sluice ${command.name()} ${command.usage()}`),
    ...(command.registeredArguments.length > 0 ? [argumentsTable(command.registeredArguments)] : []),
    ...(options.length > 0 ? [optionsTable(options)] : []),
    ...(text === '' ? [] : [fenced(text)]),
    ...(exitStatus === undefined ? [] : [exitStatus]),
  ];
}

function argumentsTable(list: readonly Argument[]): string {
  const rows = list.map((argument) => {
    const { meaning, otherwise } = described(argument);
    return [code(argument.name()), meaning, argument.required ? 'must be there' : otherwise];
  });
  return markdownTable(['argument', '', 'default'], rows);
}

/** What an option or argument means, and what it is where it is left out: a value, or what its description says. */
function described({
  description,
  argChoices = [],
  defaultValue,
}: Pick<Option | Argument, 'description' | 'argChoices' | 'defaultValue'>): { meaning: string; otherwise: string } {
  const [, meaning = description, inWords = ''] = /^(.*) \(default: (.*)\)$/.exec(description) ?? [];
  const choices = argChoices.length > 0 ? `: ${argChoices.map(code).join(', ')}` : '';
  return { meaning: `${meaning}${choices}`, otherwise: defaultValue === undefined ? inWords : code(defaultValue) };
}

/** What the help of a command says behind its options, the line about its exit status apart. */
function textAfterHelp(command: Command): { readonly text: string; readonly exitStatus?: string } {
  let help = '';
  const { writeOut } = command.configureOutput();
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  command.configureOutput(writeOut ? { writeOut } : {});
  const after = help.slice(command.helpInformation().length);
  const exitStatus = /^Exit status: .*$/m.exec(after)?.[0];
  const text = after.replace(exitStatus ?? '', '').replace(/^\n+|\s+$/g, '');
  return { text, ...(exitStatus !== undefined && { exitStatus: sentence(exitStatus) }) };
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;

const fenced = (text: string): string => `\`\`\`text\n${text}\n\`\`\``;
