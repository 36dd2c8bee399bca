import type { Command } from 'commander';
import { defineCommand } from '../define-command.ts';

export function statusCommand(): Command {
  return defineCommand('status', 'not yet');
}
