import { type Command, InvalidArgumentError } from 'commander';
import { askedBy } from '../daemon/asked-by.ts';
import { addForceOption, type ForceOption } from '../daemon/force.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Without a revision: what waits to be confirmed is given up; where nothing waits, the policy before is in force again. A
revision is put in force as it was, whatever its file says now; files of its sets are read as they are now. It is an error
where that would cut a live SSH connection, unless --force is given; giving up is none.

Exit status: 0 it is in force, 1 it is not, 2 wrong use.`;

export function rollbackCommand(): Command {
  return addNetnsOption(addForceOption(defineCommand('rollback', 'put an earlier policy in force again')))
    .argument('[revision]', 'a revision that `sluice history` lists', number)
    .addHelpText('after', HELP)
    .action(answering(rollback));
}

export function number(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('It has to be the number of a revision.');
  return Number(text);
}

async function rollback(
  session: Session,
  options: NetnsOption & ForceOption,
  to: number | undefined,
): Promise<ExitCode> {
  const [{ createDaemonClient }, { problemFromWire }, { appliedAnswer }, { sshSessions }] = await Promise.all([
    import('../../api/client.ts'),
    import('../../api/problems.ts'),
    import('../daemon/applied.ts'),
    import('../daemon/ssh-sessions.ts'),
  ]);
  await enterNetns(options);
  const { force } = options;
  const applied = await createDaemonClient().ask('rollback', { ...askedBy(), to, force, sessions: sshSessions() });
  if (session.form === 'table') await session.complain(applied.warnings.map((one) => problemFromWire(one)));
  const { revision } = applied;
  if (revision) await session.print(appliedAnswer(applied, revision.path ?? ''));
  else {
    const text = 'rolled back: no policy is in force, as before\n';
    await session.print({ data: { policy: null, revision: null, state: 'nothing-in-force' }, text: () => text });
  }
  return 0;
}
