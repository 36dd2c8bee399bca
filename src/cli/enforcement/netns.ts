import type { Command } from 'commander';

export interface NetnsOption {
  readonly netns?: string;
}

export function addNetnsOption(command: Command): Command {
  return command.option(
    '-n, --netns <name>',
    'a network namespace other than this one: a name of `ip netns`, or a path',
  );
}

/** Moves the process into the network namespace asked for; to be called before anything looks for an interface. */
export async function enterNetns({ netns }: NetnsOption): Promise<void> {
  if (netns === undefined) return;
  const { enterNamespace } = await import('../../kernel/index.ts');
  enterNamespace(netns.includes('/') ? { path: netns } : netns);
}
