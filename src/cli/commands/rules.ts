import type { Command } from 'commander';
import { defineCommand } from '../define-command.ts';

export function rulesCommand(): Command {
  return defineCommand('rules', 'not yet');
}
