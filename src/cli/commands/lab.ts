import { Argument, type Command } from 'commander';
import type { Lab } from '../../lab/index.ts';
import { answering, defineCommand } from '../define-command.ts';
import { plural } from '../output/numbers.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import type { ExitCode, Session } from '../session.ts';
import { untilToldToEnd } from '../signals.ts';

const HELP = `
  up     sets a lab up and keeps it until Ctrl-C: client and attacker, a router, and a server behind it, in network
         namespaces of their own. Nothing of it is left afterwards.
  list   lists the labs that are up, and those whose process was killed.
  clean  removes what killed labs have left behind.

Exit status: 0 it is done, 1 not, 2 wrong use.`;

const actions = ['up', 'list', 'clean'] as const;
type Action = (typeof actions)[number];

export function labCommand(): Command {
  return defineCommand('lab', 'hosts in network namespaces, to try policies on')
    .addArgument(new Argument('<action>', 'what to do').choices(actions))
    .addHelpText('after', HELP)
    .action(answering(lab));
}

async function lab(session: Session, _options: object, action: Action): Promise<ExitCode> {
  if (action === 'up') await setUp(session);
  else if (action === 'list') await list(session);
  else await clean(session);
  return 0;
}

async function setUp(session: Session): Promise<void> {
  const told = untilToldToEnd();
  const { createLab } = await import('../../lab/index.ts');
  const lab = await createLab();
  try {
    await session.print(hostsOf(lab));
    await told;
  } finally {
    await lab.close();
  }
}

const HOST_COLUMNS: readonly Column[] = [{ head: 'host' }, { head: 'device' }, { head: 'addresses' }];

function hostsOf({ hosts }: Lab) {
  const data = hosts.map(({ name, namespace, path, devices }) => ({ name, namespace, path, devices }));
  return {
    data: { hosts: data },
    items: data,
    text(paint: Session['paint']) {
      const rows = hosts.flatMap(({ name, devices }) =>
        devices.map(({ device, addresses }, index): Cell[] => [index === 0 ? name : '', device, addresses.join(' ')]),
      );
      const enter = hosts.map(({ name, path }): Cell[] => [{ text: name, style: 'dim' }, `nsenter --net=${path}`]);
      const how = renderTable([{ head: '' }, { head: '' }], enter, paint, '  ');
      return `${renderTable(HOST_COLUMNS, rows, paint)}\nA shell on a host:\n${how}\nCtrl-C removes the lab.\n`;
    },
  };
}

const LAB_COLUMNS: readonly Column[] = [
  { head: 'lab' },
  { head: 'process', align: 'right' },
  { head: '' },
  { head: 'hosts' },
];

async function list(session: Session): Promise<void> {
  const { listLabs } = await import('../../lab/list.ts');
  const labs = listLabs();
  await session.print({
    data: { labs },
    items: labs,
    text(paint) {
      if (labs.length === 0) return 'no labs\n';
      const rows = labs.map(({ name, pid, stale, hosts }): Cell[] => [
        name,
        String(pid),
        stale ? { text: 'left behind', style: 'yellow' } : { text: 'up', style: 'green' },
        hosts.join(' '),
      ]);
      return renderTable(LAB_COLUMNS, rows, paint);
    },
  });
}

async function clean(session: Session): Promise<void> {
  const { removeNamespaces, staleNamespaces } = await import('../../lab/namespaces.ts');
  const removed = staleNamespaces();
  removeNamespaces(removed);
  await session.print({ data: { removed }, text: () => `${plural(removed.length, 'namespace')} removed\n` });
}
