import type { Command } from 'commander';
import { defineCommand } from '../define-command.ts';

export function labCommand(): Command {
  return defineCommand('lab', 'not yet');
}
