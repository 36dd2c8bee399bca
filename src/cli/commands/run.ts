import type { Command } from 'commander';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';
import { untilToldToEnd } from '../signals.ts';

const HELP = `
Stays in the foreground, one for each network namespace, and does what \`sluice apply\` and its like ask for. Takes over
what is in force when it starts; after a restart of the machine, puts the last confirmed policy in force again. When it
ends, however that comes, the kernel goes on enforcing: \`sluice down\` takes a policy out of force.
Revisions are kept in --state-dir: by default in $STATE_DIRECTORY, which systemd sets, else in /var/lib/sluice, for
other network namespaces than the machine's in a folder each.

Exit status: 0 it was told to end, 1 it could not start, 2 wrong use.`;

interface Options extends NetnsOption {
  readonly stateDir?: string;
  readonly generic?: true;
}

export function runCommand(): Command {
  return addNetnsOption(defineCommand('run', 'be the daemon that puts policies in force, and keeps their history'))
    .option('--state-dir <dir>', 'where the history of this network namespace is kept')
    .option('-g, --generic', 'use generic XDP, where the driver has native XDP too')
    .addHelpText('after', HELP)
    .action(answering(run));
}

async function run(session: Session, options: Options): Promise<ExitCode> {
  const told = untilToldToEnd();
  const [{ runDaemon }, { serveApi }, { createDaemonLog }, { notifySystemd }] = await Promise.all([
    import('../../daemon/daemon.ts'),
    import('../../api/server.ts'),
    import('../daemon/log.ts'),
    import('../../daemon/systemd.ts'),
  ]);
  await enterNetns(options);
  const { STATE_DIRECTORY } = process.env;
  const stateDir = options.stateDir ?? STATE_DIRECTORY?.split(':')[0];
  const daemon = runDaemon({ stateDir, generic: options.generic, onEvent: createDaemonLog(session) });
  try {
    const api = await serveApi(daemon);
    notifySystemd('READY=1');
    const data = { event: 'listening', socket: daemon.socket, pid: process.pid };
    await session.print({ data, text: () => `listening at ${daemon.socket}\n` });
    await told;
    notifySystemd('STOPPING=1');
    await api.close();
    daemon.close();
  } catch (error) {
    daemon.close();
    const { problemsOf } = await import('../output/problems.ts');
    await session.complain(problemsOf(error));
    process.exit(1);
  }
  // What is watched and listened to would keep the process.
  process.exit(0);
}
