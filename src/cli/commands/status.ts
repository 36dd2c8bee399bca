import type { Command } from 'commander';
import type { DifferenceOnWire } from '../../api/schemas.ts';
import type { ConnectionsUse, Difference, FoundEnforcement, Pending } from '../../datapath/index.ts';
import { printable } from '../../diagnostics/display-width.ts';
import { useTable } from '../connections/use-table.ts';
import { askDaemon, withDaemon, withDifferences } from '../daemon/status.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { Answer } from '../output/answer.ts';
import { formatAgo } from '../output/numbers.ts';
import { problemsOf } from '../output/problems.ts';
import type { Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Where the policy tracks connections, the tables are shown: for how many there is room, how many are in use, evicted and
refused. There is a warning from 80% on.

Interfaces of the policy that are not there are awaited: the process that holds it attaches to them when they appear.

Exit status: 0 a policy is in force on all of its interfaces that are there, 1 not, 2 wrong use.`;

export function statusCommand(): Command {
  return addNetnsOption(defineCommand('status', 'say which policy is in force, and where'))
    .addHelpText('after', HELP)
    .action(answering(status));
}

async function status(session: Session, options: NetnsOption): Promise<ExitCode> {
  const { nearlyFull, readSituation } = await import('../../datapath/index.ts');
  await enterNetns(options);
  const { found, why, pending, differences } = readSituation();
  // What is in force is asked of the kernel, whatever becomes of the daemon.
  const daemon = await askDaemon();
  if (daemon) await session.complain(daemon.problems);
  const use = found && (await useOf(session, found));
  if (use) await session.complain(nearlyFull(use));
  const answer = found ? answerOf(found, use) : nothing(why, pending);
  const counted = daemon?.facts || !differences ? undefined : await countedWithoutDaemon(differences);
  await session.print(withDaemon(counted ? withDifferences(answer, counted) : answer, daemon, found?.alive === true));
  return found?.unattached.length === 0 && found.interfaces.every(({ attached }) => attached) ? 0 : 1;
}

/** Tables that cannot be read are told of, and the rest is shown. */
async function useOf(session: Session, found: FoundEnforcement): Promise<ConnectionsUse | undefined> {
  try {
    using connections = found.connections();
    return connections?.use();
  } catch (error) {
    await session.complain(problemsOf(error));
    return undefined;
  }
}

/** The kernel goes on observing, whoever began it. */
async function countedWithoutDaemon(differences: readonly Difference[]): Promise<readonly DifferenceOnWire[]> {
  const { differencesOnWire } = await import('../../api/differences.ts');
  return differencesOnWire(differences);
}

function nothing(why: string | undefined, pending: Pending | undefined): Answer {
  const text = why === undefined ? 'no policy is in force\n' : `no policy is in force: ${printable(why)}\n`;
  return {
    data: { inForce: false, ...(why !== undefined && { why }), ...(pending && { pending }) },
    text: () => text,
  };
}

function answerOf(found: FoundEnforcement, use: ConnectionsUse | undefined): Answer {
  const { pid, alive, startedAt, policy, rules, why, pending } = found;
  const interfaces = found.interfaces.map(({ name, ifindex, mode, attached }) => ({ name, ifindex, mode, attached }));
  const process = { pid, alive };
  return {
    data: {
      inForce: true,
      policy: policy.path,
      since: startedAt,
      process,
      rules: rules.length,
      interfaces,
      awaited: found.awaited,
      unattached: found.unattached,
      ...(use && { connections: use }),
      ...(why !== undefined && { why }),
      ...(pending && { pending }),
    },
    text: (paint) => inWords(found, use, paint),
  };
}

const COLUMNS: readonly Column[] = [{ head: 'interface' }, { head: 'XDP' }, { head: '' }];

/** Where incoming packets are judged. */
const modeInWords = (mode: string): string => (mode === 'chained' ? 'chained: at TC' : mode);

function inWords(found: FoundEnforcement, use: ConnectionsUse | undefined, paint: Paint): string {
  const { pid, alive, startedAt, policy, rules, why } = found;
  const facts: Cell[][] = [
    ['since', `${startedAt.toISOString()} (${formatAgo(startedAt)})`],
    ['by', alive ? `process ${pid}` : `process ${pid}, which has ended: the kernel goes on enforcing`],
    ['rules', String(rules.length)],
    ...(why === undefined ? [] : [['why', printable(why)]]),
  ].map(([what = '', value = '']) => [{ text: what, style: 'dim' }, value]);
  return `${paint('bold', printable(policy.path))} is ${paint('green', 'in force')}
${renderTable([{ head: '' }, { head: '' }], facts, paint, '  ')}
${renderTable(COLUMNS, interfaceRows(found), paint)}${use ? `\n${useTable(use, paint)}` : ''}`;
}

function interfaceRows({ alive, interfaces, unattached, awaited }: FoundEnforcement): Cell[][] {
  const bad = (text: string): Cell => ({ text, style: 'red' });
  return [
    ...interfaces.map(({ name, mode, attached }): Cell[] => [
      name,
      modeInWords(mode),
      attached ? { text: 'attached', style: 'green' } : bad('not attached'),
    ]),
    ...unattached.map(({ name, xdp, ethernet }): Cell[] => {
      const why = !ethernet ? ': it has no Ethernet headers' : xdp ? ': another XDP program is there' : '';
      return [name, '', bad(`not attached${why}`)];
    }),
    ...awaited.map((name): Cell[] => [name, '', alive ? { text: 'awaited', style: 'dim' } : bad('not there')]),
  ];
}
