import type { Command } from 'commander';
import { askedBy } from '../daemon/asked-by.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Works whether the process that put the policy in force still runs or not; a \`sluice up\` that runs ends. A daemon
takes it down itself, stays, and does not put it in force again when the machine starts.
Where no policy is in force there is nothing to do, and that is no error.

Exit status: 0 no policy is in force any more, 1 it could not be taken down, 2 wrong use.`;

export function downCommand(): Command {
  return addNetnsOption(defineCommand('down', 'take the policy in force down'))
    .addHelpText('after', HELP)
    .action(answering(down));
}

async function down(session: Session, options: NetnsOption): Promise<ExitCode> {
  await enterNetns(options);
  const freed = await takenDown();
  await session.print({
    data: { wasInForce: freed !== undefined, interfaces: freed ?? [] },
    text: () => (freed ? `taken down from ${freed.join(', ')}\n` : 'no policy was in force\n'),
  });
  return 0;
}

/** By the daemon, where one runs: it would put the policy in force again when the machine starts. */
async function takenDown(): Promise<readonly string[] | undefined> {
  const { daemonIfRunning } = await import('../../api/client.ts');
  const daemon = daemonIfRunning();
  if (!daemon) return await takenDownHere();
  const { interfaces } = await daemon.ask('down', askedBy());
  return interfaces.length > 0 ? interfaces : undefined;
}

async function takenDownHere(): Promise<readonly string[] | undefined> {
  const [{ takeDown }, { tidyUpAfterDaemon }] = await Promise.all([
    import('../../datapath/index.ts'),
    import('../../daemon/instance.ts'),
  ]);
  const freed = takeDown()?.interfaces;
  tidyUpAfterDaemon();
  return freed;
}
