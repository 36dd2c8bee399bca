import type { Command } from 'commander';
import { defineCommand } from '../define-command.ts';

export function downCommand(): Command {
  return defineCommand('down', 'not yet');
}
