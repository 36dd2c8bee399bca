import type { Command } from 'commander';

export interface ForceOption {
  readonly force?: true;
}

export function addForceOption(command: Command): Command {
  return command.option('-f, --force', 'enforce it although a live SSH connection would be cut');
}
