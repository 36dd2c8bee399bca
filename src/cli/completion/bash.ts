import type { CompletedCommand, CompletedOption, CompletedValue } from './tree.ts';

/** A completion script for bash. All that can be typed stands in it: pressing Tab starts no process. */
export function bashCompletion(commands: readonly CompletedCommand[], options: readonly CompletedOption[]): string {
  const names = commands.map(({ name }) => name);
  return `# Completion of sluice for bash. Load it with: source <(sluice completion bash)
_sluice() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word != -* ]] && { command=$word; break; }
  done
  COMPREPLY=()
  case "$command $previous" in
${commands.flatMap(valueCases).join('\n')}
  esac
  if [[ $current == -* ]]; then
    case $command in
${commands.map(({ name, options }) => `      ${name}) ${words(flagsOf(options))} ;;`).join('\n')}
      '') ${words(flagsOf(options))} ;;
    esac
    return
  fi
  case $command in
    '') ${words(names)} ;;
${commands.map((command) => `    ${command.name}) ${values(argumentOf(command))} ;;`).join('\n')}
  esac
}
complete -F _sluice sluice
`;
}

/** Choices of a later argument are offered at every place: telling places apart is not worth a parser in bash. */
function argumentOf({ arguments: all }: CompletedCommand): CompletedValue | undefined {
  return all.find(({ kind }) => kind !== 'other');
}

function valueCases({ name, options }: CompletedCommand): string[] {
  return options.flatMap(({ flags, value }) => {
    if (!value) return [];
    const patterns = flags.map((flag) => `'${name} ${flag}'`).join(' | ');
    return [`    ${patterns}) ${values(value)}; return ;;`];
  });
}

const flagsOf = (options: readonly CompletedOption[]): string[] => options.flatMap(({ flags }) => flags);

const words = (list: readonly string[]): string =>
  `mapfile -t COMPREPLY < <(compgen -W '${list.join(' ')}' -- "$current")`;

function values(value: CompletedValue | undefined): string {
  if (value?.kind === 'choice') return words(value.choices);
  if (value?.kind === 'file') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current")';
  return ':';
}
