import type { Command } from 'commander';
import { defineCommand } from '../define-command.ts';

export function upCommand(): Command {
  return defineCommand('up', 'not yet');
}
