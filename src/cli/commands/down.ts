import type { Command } from 'commander';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Works whether the process that put the policy in force still runs or not; a \`sluice up\` that runs ends.
Where no policy is in force there is nothing to do, and that is no error.

Exit status: 0 no policy is in force any more, 1 it could not be taken down, 2 wrong use.`;

export function downCommand(): Command {
  return addNetnsOption(defineCommand('down', 'take the policy in force down'))
    .addHelpText('after', HELP)
    .action(answering(down));
}

async function down(session: Session, options: NetnsOption): Promise<ExitCode> {
  const { takeDown } = await import('../../datapath/index.ts');
  await enterNetns(options);
  const freed = takeDown()?.interfaces;
  await session.print({
    data: { wasInForce: freed !== undefined, interfaces: freed ?? [] },
    text: () => (freed ? `taken down from ${freed.join(', ')}\n` : 'no policy was in force\n'),
  });
  return 0;
}
