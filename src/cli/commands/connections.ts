import { type Command, Option } from 'commander';
import type { ConnectionOrder } from '../../datapath/index.ts';
import { SluiceError } from '../../diagnostics/problem.ts';
import { findConnections, tablesOf } from '../connections/find.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import { plural } from '../output/numbers.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
  [EXPRESSION]             lists the live connections, or those that a tcpdump expression matches in either direction:
                           \`sluice connections tcp port 443 and net 192.0.2.0/24\`. Of TCP flags it sees all that there were.
  kill EXPRESSION          drops their packets, both ways, until none has come for the policy's timeout \`killed\`.
  kill --all               the same with all that there are. The SSH connection that you are on is one of them.

With --follow, it tells which connections are new, have changed (packets, phase, rule) and have ended, until it is ended
itself. What comes and goes between two looks is not told.

\`from\` and \`to\` are those of the first packet; \`back\` is what was answered. \`flags\` are all TCP flags that were seen, both
ways; \`left\` is the time after which it is over if no packet comes. \`unproven\`: its source has not shown that it is there.
A connection \`of an earlier policy\` is judged by the one in force at its next packet.

Exit status: 0 they are shown or killed, 1 it cannot be done: no policy is in force, or it tracks no connections, or there was
nothing to kill, 2 wrong use.`;

const orders = ['bytes', 'packets', 'age', 'idle', 'last'] as const satisfies readonly ConnectionOrder[];

export function connectionsCommand(): Command {
  return addNetnsOption(defineCommand('connections', 'show the live connections, follow them, or kill some'))
    .usage('[options] [EXPRESSION] | kill EXPRESSION | kill --all')
    .argument('[what...]', 'a tcpdump expression; or what to do, see below')
    .addOption(new Option('--sort <by>', 'what is most of it comes first').choices(orders))
    .option('--limit <n>', 'so many at most; of a table, 1000 where left out')
    .option('-f, --follow', 'tell of new, changed and ended connections as they come')
    .option('--interval <seconds>', 'with --follow: how often to look, 0.1 to 60; 1 where left out')
    .option('--all', 'with kill: all connections')
    .addHelpText('after', HELP)
    .action(answering(connections));
}

interface Options extends NetnsOption {
  readonly sort?: ConnectionOrder;
  readonly limit?: string;
  readonly follow?: true;
  readonly interval?: string;
  readonly all?: true;
}

async function connections(session: Session, options: Options, what: readonly string[]): Promise<ExitCode> {
  const isKill = what[0] === 'kill';
  const expression = (isKill ? what.slice(1) : what).join(' ').trim();
  checkUse(options, isKill, expression);
  const limit =
    options.limit === undefined ? undefined : readNumber('--limit', options.limit, 1, 1e9, 'a number like 50');
  const interval = readNumber('--interval', options.interval ?? '1', 0.1, 60, 'seconds, from 0.1 to 60');
  const { compileConnectionFilter } = await import('../../datapath/index.ts');
  const filter = expression === '' ? undefined : compileConnectionFilter(expression);
  await enterNetns(options);
  const { policy, tables } = await findConnections();
  using found = tables;
  if (isKill) return kill(session, await found.kill(filter));
  if (options.follow) {
    const { readEnforcement } = await import('../../datapath/index.ts');
    const { followConnections } = await import('../connections/follow.ts');
    await followConnections(session, () => tablesOf(readEnforcement()), filter, interval * 1000);
    return 0;
  }
  const { listConnections } = await import('../connections/list.ts');
  const wanted = { ...(filter && { filter }), ...(options.sort && { by: options.sort }) };
  await listConnections(session, { policy, connections: found.list(wanted), limit, isFiltered: filter !== undefined });
  return 0;
}

async function kill(session: Session, killed: number): Promise<ExitCode> {
  const said = killed === 0 ? 'no live connection matches' : `${plural(killed, 'connection')} killed`;
  await session.print({ data: { killed }, text: () => `${said}\n` });
  return killed === 0 ? 1 : 0;
}

function checkUse({ all, follow, sort, limit, interval }: Options, isKill: boolean, expression: string): void {
  if (all && !isKill) throw usage('--all goes with kill');
  if (interval !== undefined && !follow) throw usage('--interval goes with --follow');
  if (follow && (sort !== undefined || limit !== undefined))
    throw usage('--follow tells what happens: it neither sorts nor ends');
  if (!isKill) return;
  if (sort !== undefined || limit !== undefined || follow)
    throw usage('kill takes an expression or --all, and nothing more');
  if (all && expression !== '') throw usage('kill takes an expression or --all, not both');
  if (!all && expression === '') throw usage('kill wants a tcpdump expression, or --all');
}

const usage = (message: string): SluiceError =>
  new SluiceError({ code: 'cli/usage', message, help: '`sluice connections --help` shows what can be given' });

function readNumber(option: string, text: string, least: number, most: number, what: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most && (option !== '--limit' || Number.isInteger(value))) return value;
  throw usage(`${option}: "${text}" is not ${what}`);
}
