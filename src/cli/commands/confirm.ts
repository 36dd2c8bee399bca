import type { Command } from 'commander';
import { printable } from '../../diagnostics/display-width.ts';
import { askedBy } from '../daemon/asked-by.ts';
import { addForceOption, type ForceOption } from '../daemon/force.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
What was on trial stays in force; what was observed is enforced from now on, unless it would cut a live SSH connection.
--force enforces it all the same.

Exit status: 0 it is in force for good, 1 nothing waits to be confirmed, 2 wrong use.`;

export function confirmCommand(): Command {
  const command = defineCommand('confirm', 'keep the policy that was applied with --confirm or --observe');
  return addNetnsOption(addForceOption(command)).addHelpText('after', HELP).action(answering(confirm));
}

async function confirm(session: Session, options: NetnsOption & ForceOption): Promise<ExitCode> {
  const [{ createDaemonClient }, { sshSessions }] = await Promise.all([
    import('../../api/client.ts'),
    import('../daemon/ssh-sessions.ts'),
  ]);
  await enterNetns(options);
  const { revision } = await createDaemonClient().ask('confirm', {
    ...askedBy(),
    force: options.force,
    sessions: sshSessions(),
  });
  const policy = revision.path ?? '';
  await session.print({
    data: { policy, revision: revision.number, state: 'in-force' },
    text: (paint) =>
      `${paint('bold', printable(policy))} is ${paint('green', 'in force')} for good: revision ${revision.number}\n`,
  });
  return 0;
}
