import type { CompletedCommand, CompletedOption, CompletedValue } from './tree.ts';

/** A completion script for fish. */
export function fishCompletion(commands: readonly CompletedCommand[], options: readonly CompletedOption[]): string {
  const lines = [
    '# Completion of sluice for fish. Load it with: sluice completion fish | source',
    'complete -c sluice -e',
    'complete -c sluice -f',
    ...options.map((option) => `complete -c sluice -n __fish_use_subcommand ${optionWords(option)}`),
    ...commands.flatMap(commandLines),
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines({ name, summary, options, arguments: values }: CompletedCommand): string[] {
  const inside = `complete -c sluice -n '__fish_seen_subcommand_from ${name}'`;
  return [
    `complete -c sluice -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ...options.map((option) => `${inside} ${optionWords(option)}`),
    ...values.filter(({ kind }) => kind !== 'other').map((value) => `${inside} ${valueWords(value)}`),
  ];
}

function optionWords({ flags, summary, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return [...names, `-d ${quote(summary)}`, ...(value ? [value.kind === 'file' ? '-r' : '-x', valueWords(value)] : [])]
    .join(' ')
    .trim();
}

function valueWords({ kind, choices }: CompletedValue): string {
  if (kind === 'choice') return `-a ${quote(choices.join(' '))}`;
  return kind === 'file' ? '-F' : '';
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
