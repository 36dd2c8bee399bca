import { Argument, type Command } from 'commander';
import { answering, defineCommand } from '../define-command.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
  bash:  source <(sluice completion bash)       for good: add that line to ~/.bashrc
  zsh:   source <(sluice completion zsh)        for good: sluice completion zsh > a folder of $fpath/_sluice
  fish:  sluice completion fish | source        for good: … > ~/.config/fish/completions/sluice.fish

Exit status: 0 it is printed, 2 wrong use.`;

/** @param program the tree whose commands are completed */
export function completionCommand(program: Command): Command {
  return defineCommand('completion', 'print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', HELP)
    .action(answering((session, _options: object, shell: Shell) => complete(session, program, shell)));
}

type Shell = 'bash' | 'zsh' | 'fish';

async function complete(session: Session, program: Command, shell: Shell): Promise<ExitCode> {
  const [{ completionTree, globalOptions }, { bashCompletion }, { zshCompletion }, { fishCompletion }] =
    await Promise.all([
      import('../completion/tree.ts'),
      import('../completion/bash.ts'),
      import('../completion/zsh.ts'),
      import('../completion/fish.ts'),
    ]);
  const generate = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }[shell];
  const script = generate(completionTree(program), globalOptions(program));
  await session.print({ data: { shell, script }, text: () => script });
  return 0;
}
