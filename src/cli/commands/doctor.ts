import type { Command } from 'commander';
import { defineCommand } from '../define-command.ts';

export function doctorCommand(): Command {
  return defineCommand('doctor', 'not yet');
}
