import type { Command } from 'commander';
import { SluiceError } from '../../diagnostics/problem.ts';
import { answering, defineCommand } from '../define-command.ts';
import { counterRows } from '../enforcement/counter-rows.ts';
import { counterTable } from '../enforcement/counter-table.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
A rule counts the packets that it decided; count, log and mark rules those that they let go on. What decided where no
rule did, a default or the state of the packet, is shown once it has.

Exit status: 0 they are shown, 1 no policy is in force, 2 wrong use.`;

export function rulesCommand(): Command {
  return addNetnsOption(defineCommand('rules', 'show how often each rule of the policy in force was hit'))
    .addHelpText('after', HELP)
    .action(answering(rules));
}

async function rules(session: Session, options: NetnsOption): Promise<ExitCode> {
  const { readEnforcement } = await import('../../datapath/index.ts');
  await enterNetns(options);
  const found = readEnforcement();
  if (!found) throw new SluiceError({ code: 'datapath/nothing-enforced', message: 'no policy is in force here' });
  const rows = counterRows(found.counters());
  const data = { policy: found.policy.path, counters: rows };
  await session.print({ data, items: rows, text: (paint) => counterTable(rows, paint) });
  return 0;
}
