import type { Command } from 'commander';
import { printable } from '../../diagnostics/display-width.ts';
import { inWords, type RevisionRow, revisionRow } from '../daemon/revision-data.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import { formatAgo, formatDuration } from '../output/numbers.ts';
import type { Paint, StyleName } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import type { ExitCode, Session } from '../session.ts';
import { number } from './rollback.ts';

const HELP = `
With a revision: who asked for it, how, and the policy as it was.

Exit status: 0 it is shown, 1 no daemon runs, or there is no such revision, 2 wrong use.`;

export function historyCommand(): Command {
  return addNetnsOption(defineCommand('history', 'show what was put in force, when and by whom'))
    .argument('[revision]', 'one of them, with its policy', number)
    .addHelpText('after', HELP)
    .action(answering(history));
}

async function history(session: Session, options: NetnsOption, wanted: number | undefined): Promise<ExitCode> {
  const [{ createDaemonClient }, { problemFromWire }] = await Promise.all([
    import('../../api/client.ts'),
    import('../../api/problems.ts'),
  ]);
  await enterNetns(options);
  const daemon = createDaemonClient();
  if (wanted !== undefined) {
    const { policy, ...revision } = await daemon.ask('revision', { number: wanted });
    const row = revisionRow({ ...revision, ...(policy && { path: policy.path }) });
    const data = { ...row, text: policy?.text ?? null, evaluated: policy?.evaluated ?? null };
    await session.print({ data, text: (paint) => oneInWords(row, policy?.text ?? '', paint) });
    return 0;
  }
  const { revisions, problems } = await daemon.ask('history', {});
  await session.complain(problems.map((one) => problemFromWire(one)));
  // The latest is what one looks for.
  const rows = revisions.map(revisionRow).reverse();
  await session.print({ data: { revisions: rows }, items: rows, text: (paint) => table(rows, paint) });
  return 0;
}

const COLUMNS: readonly Column[] = [
  { head: 'revision', align: 'right' },
  { head: 'when' },
  { head: 'who' },
  { head: 'what' },
  { head: 'policy' },
  { head: 'outcome' },
];

function table(rows: readonly RevisionRow[], paint: Paint): string {
  if (rows.length === 0) return 'nothing has been applied yet\n';
  const cells = rows.map((row): Cell[] => [
    String(row.revision),
    { text: formatAgo(new Date(row.time)), style: 'dim' },
    inWords(row.who),
    whatInWords(row),
    row.policy ?? '',
    { text: outcomeInWords(row), style: STYLES[row.outcome] ?? 'dim' },
  ]);
  return renderTable(COLUMNS, cells, paint);
}

const STYLES: Partial<Record<string, StyleName>> = {
  confirmed: 'green',
  pending: 'yellow',
  expired: 'yellow',
  failed: 'red',
};

function whatInWords({ what, to, confirmWithinMs }: RevisionRow): string {
  const trial = confirmWithinMs === null ? '' : ` for ${formatDuration(confirmWithinMs / 1000)}`;
  return `${what}${to === null ? '' : ` ${what === 'rollback' ? 'to' : 'of'} ${to}`}${trial}`;
}

function outcomeInWords({ outcome, confirmWithinMs, what, reason }: RevisionRow): string {
  if (outcome === 'pending') return 'waits to be confirmed';
  if (outcome === 'expired') return 'rolled back: nobody confirmed';
  if (outcome === 'rolled-back') return 'rolled back';
  if (outcome === 'failed') return `failed: ${reason ?? ''}`;
  if (outcome === 'confirmed' && confirmWithinMs === null && what !== 'observe') return 'done';
  return outcome;
}

function oneInWords(row: RevisionRow, text: string, paint: Paint): string {
  const by = row.outcomeBy ? ` by ${inWords(row.outcomeBy)}` : '';
  const facts: Cell[][] = [
    ['when', `${row.time} (${formatAgo(new Date(row.time))})`],
    ['who', inWords(row.who)],
    ...(row.who?.command === undefined ? [] : [['command', `${row.who.command} (process ${row.who.pid})`]]),
    ['what', whatInWords(row)],
    ['outcome', `${outcomeInWords(row)}, ${row.outcomeTime}${by}`],
    ...(row.policy === null ? [] : [['policy', row.policy]]),
  ].map(([what = '', value = '']) => [{ text: what, style: 'dim' }, value]);
  const lines = text === '' ? '' : `\n${text.trimEnd().split('\n').map(printable).join('\n')}\n`;
  return `${paint('bold', `revision ${row.revision}`)}\n${renderTable([{ head: '' }, { head: '' }], facts, paint, '  ')}${lines}`;
}
