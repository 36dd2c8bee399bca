import type { CompletedCommand, CompletedOption, CompletedValue } from './tree.ts';

/** A completion script for zsh, for a folder of $fpath or for `source`. */
export function zshCompletion(commands: readonly CompletedCommand[], options: readonly CompletedOption[]): string {
  return `#compdef sluice
# Completion of sluice for zsh. Load it with: source <(sluice completion zsh)
_sluice() {
  local curcontext="$curcontext" state line
  local -a commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  _arguments -C ${options.map(optionSpec).join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $line[1] in
${commands.map(commandCase).join('\n')}
      esac ;;
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`;
}

function commandCase({ name, options, arguments: values }: CompletedCommand): string {
  const specs = [
    ...options.map(optionSpec),
    ...values.map((value, index) => quote(`${index + 1}:${valueSpec(value)}`)),
  ];
  return `        ${name}) _arguments ${specs.join(' ')} ;;`;
}

/** `'(-o --output)'{-o,--output}'[how to print]:form:(table json)'`. */
function optionSpec({ flags, summary, value }: CompletedOption): string {
  const text = quote(`[${escapeSpec(summary)}]${value ? `:${valueSpec(value)}` : ''}`);
  const [only] = flags;
  return flags.length === 1 ? `${only}${text}` : `'(${flags.join(' ')})'{${flags.join(',')}}${text}`;
}

function valueSpec({ name, kind, choices }: CompletedValue): string {
  if (kind === 'choice') return `${name}:(${choices.join(' ')})`;
  return `${name}:${kind === 'file' ? '_files' : ''}`;
}

const escapeSpec = (text: string): string => text.replace(/[[\]:]/g, '\\$&');
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
