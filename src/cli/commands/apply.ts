import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readDuration } from '../../policy/check/set-options.ts';
import { askedBy } from '../daemon/asked-by.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
The daemon (\`sluice run\`) checks the policy, rehearses it on packets made for its rules, runs its tests, and puts it in
force in the place of the one before, without a packet in between. On an error nothing has changed; a failed test and a
policy that would cut a live SSH connection are errors, too, unless --force is given. With --confirm it is on trial: unless
\`sluice confirm\` is given in time, the policy before is in force again by itself, also when the daemon is gone by then.
An interface that the policy names is an error, too, where it is not there, has another's XDP program, or is of a kind that
cannot be judged; with --wait it is attached when that can be done, as what globs stand for always is.
With --observe it is judged and counted by, and nothing is done to packets: \`sluice status\` shows what would be different. That
goes on when the daemon is killed, and the next one goes on with it; with --confirm, too, it ends by itself. On interfaces that the
policy in force is not for, packets pass meanwhile.
Ctrl-C before it is in force gives it up.
A policy that is a program is run by this command, and the daemon gets what it exports.

Exit status: 0 it is in force, or could be, 1 it is not, 2 wrong use.`;

export function applyCommand(): Command {
  const command = defineCommand('apply', 'have the daemon put a policy in force on its interfaces')
    .argument('<file>', 'the policy')
    .addOption(
      new Option('--confirm <time>', 'roll back by itself after so long, like 60s, unless confirmed').argParser(
        duration,
      ),
    )
    .option('--observe', 'count what it would decide, and enforce the policy before')
    .option('--dry-run', 'check and rehearse it, and change nothing')
    .option('--wait', 'begin without interfaces that cannot be had, and attach to them as soon as they can')
    .option('-f, --force', 'put it in force although a test fails or a live SSH connection would be cut');
  return addNetnsOption(command).addHelpText('after', HELP).action(answering(apply));
}

const LONGEST_TRIAL_MS = 86_400_000;

function duration(text: string): number {
  const milliseconds = readDuration(text);
  if (milliseconds <= LONGEST_TRIAL_MS) return milliseconds;
  throw new InvalidArgumentError('Write it like 90s, 10m or 1h, a day at most.');
}

interface Options extends NetnsOption {
  readonly confirm?: number;
  readonly observe?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly wait?: true;
}

async function apply(session: Session, options: Options, file: string): Promise<ExitCode> {
  const [{ readPolicyText }, { createDaemonClient }, { problemFromWire }, { appliedAnswer }, { sshSessions }] =
    await Promise.all([
      import('../../policy/load.ts'),
      import('../../api/client.ts'),
      import('../../api/problems.ts'),
      import('../daemon/applied.ts'),
      import('../daemon/ssh-sessions.ts'),
    ]);
  const { source, evaluated } = await readPolicyText(file);
  await enterNetns(options);
  const path = resolve(file);
  const { confirm: confirmMs, observe, dryRun, force, wait } = options;
  const sent = { ...source, sentAs: path };
  const applied = await createDaemonClient().ask(
    'apply',
    {
      ...{ ...askedBy(), path, text: source.text, evaluated, sessions: sshSessions() },
      ...{ confirmMs, observe, dryRun, force, wait },
    },
    { source: sent },
  );
  // In other forms they are part of the answer.
  if (session.form === 'table') await session.complain(applied.warnings.map((one) => problemFromWire(one, sent)));
  await session.print(appliedAnswer(applied, file));
  return 0;
}
