import type { Command } from 'commander';
import { printable } from '../../diagnostics/display-width.ts';
import { askedBy } from '../daemon/asked-by.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
What was on trial stays in force; what was observed is enforced from now on.

Exit status: 0 it is in force for good, 1 nothing waits to be confirmed, 2 wrong use.`;

export function confirmCommand(): Command {
  return addNetnsOption(defineCommand('confirm', 'keep the policy that was applied with --confirm or --observe'))
    .addHelpText('after', HELP)
    .action(answering(confirm));
}

async function confirm(session: Session, options: NetnsOption): Promise<ExitCode> {
  const { createDaemonClient } = await import('../../api/client.ts');
  await enterNetns(options);
  const { revision } = await createDaemonClient().ask('confirm', askedBy());
  const policy = revision.path ?? '';
  await session.print({
    data: { policy, revision: revision.number, state: 'in-force' },
    text: (paint) =>
      `${paint('bold', printable(policy))} is ${paint('green', 'in force')} for good: revision ${revision.number}\n`,
  });
  return 0;
}
