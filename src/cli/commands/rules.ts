import { type Command, Option } from 'commander';
import type { FoundEnforcement } from '../../datapath/index.ts';
import { SluiceError } from '../../diagnostics/problem.ts';
import { answering, defineCommand } from '../define-command.ts';
import { type CounterRow, counterRows } from '../enforcement/counter-rows.ts';
import { counterTable } from '../enforcement/counter-table.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { Answer } from '../output/answer.ts';
import { formatAgo } from '../output/numbers.ts';
import { actionStyle, type Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
With --unused, only rules that no packet has hit, with the moment since when they count: a rule that keeps its stage and
its name counts on through new versions of the policy.

A rule counts the packets that it decided; count, log and mark rules those that they let go on. What decided where no
rule did, a default or the state of the packet, is shown once it has.

Exit status: 0 they are shown, 1 no policy is in force, 2 wrong use.`;

export function rulesCommand(): Command {
  return addNetnsOption(defineCommand('rules', 'show how often each rule of the policy in force was hit'))
    .option('--unused', 'only rules that were never hit, and since when')
    .addOption(
      new Option('--sort <by>', 'in which order: as packets meet them, or what is most, or latest, first')
        .choices(orders)
        .default('policy'),
    )
    .addHelpText('after', HELP)
    .action(answering(rules));
}

const orders = ['policy', 'packets', 'bytes', 'last-hit'] as const;

interface Options extends NetnsOption {
  readonly unused?: true;
  readonly sort: (typeof orders)[number];
}

async function rules(session: Session, options: Options): Promise<ExitCode> {
  const { readEnforcement } = await import('../../datapath/index.ts');
  await enterNetns(options);
  const found = readEnforcement();
  if (!found) throw new SluiceError({ code: 'datapath/nothing-enforced', message: 'no policy is in force here' });
  const rows = sorted(counterRows(found.counters()), options.sort);
  const policy = found.policy.path;
  if (options.unused) await session.print(unused(policy, rows, found.rules));
  else {
    const data = { policy, counters: rows };
    await session.print({ data, items: rows, text: (paint) => counterTable(rows, paint) });
  }
  return 0;
}

/** Sorting is stable: what is equal stays in the packet's order. */
function sorted(rows: CounterRow[], by: Options['sort']): CounterRow[] {
  if (by === 'policy') return rows;
  const keyOf = (row: CounterRow): number => (by === 'last-hit' ? (row.lastHit?.getTime() ?? 0) : row[by]);
  return rows.sort((a, b) => keyOf(b) - keyOf(a));
}

const UNUSED_COLUMNS: readonly Column[] = [
  { head: 'never hit' },
  { head: 'stage' },
  { head: 'line', align: 'right' },
  { head: 'action' },
  { head: 'counts since' },
];

function unused(policy: string, all: readonly CounterRow[], known: FoundEnforcement['rules']): Answer {
  const since = new Map(known.map((rule) => [`${rule.stage}/${rule.name}`, rule.since]));
  const rows = all
    .filter(({ rule, packets }) => rule !== null && packets === 0)
    .map(({ rule, stage, line, action }) => ({
      rule,
      stage,
      line,
      action,
      since: since.get(`${stage}/${rule}`) ?? null,
    }));
  const cells = (paint: Paint): string =>
    rows.length === 0
      ? `each of the ${known.length} rules was hit\n`
      : renderTable(
          UNUSED_COLUMNS,
          rows.map(({ rule, stage, line, action, since }): Cell[] => [
            rule ?? '',
            stage ?? '',
            String(line),
            { text: action, style: actionStyle(action) },
            { text: since === null ? 'not known' : formatAgo(new Date(since)), style: 'dim' },
          ]),
          paint,
        );
  return { data: { policy, unused: rows }, items: rows, text: cells };
}
