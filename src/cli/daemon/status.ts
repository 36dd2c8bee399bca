import type { DifferenceOnWire } from '../../api/schemas.ts';
import type { Problem } from '../../diagnostics/problem.ts';
import type { Answer } from '../output/answer.ts';
import { formatAgo, formatCount } from '../output/numbers.ts';
import { problemsOf } from '../output/problems.ts';
import { actionStyle, type Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import { inWords, type RevisionRow, revisionRow } from './revision-data.ts';

/** What a daemon says of itself; null where it does not answer. */
export interface DaemonFacts {
  readonly facts: {
    readonly pid: number;
    readonly since: string;
    readonly stateDir: string;
    readonly revision: RevisionRow | null;
    readonly waiting: RevisionRow | null;
    /** Packets that what is observed would treat otherwise; null where nothing is observed. */
    readonly differences: readonly DifferenceOnWire[] | null;
  } | null;
  readonly problems: readonly Problem[];
}

/** Undefined where no daemon runs here. Throws nothing: one that hangs is a problem among others. */
export async function askDaemon(): Promise<DaemonFacts | undefined> {
  const [{ daemonIfRunning }, { problemFromWire }] = await Promise.all([
    import('../../api/client.ts'),
    import('../../api/problems.ts'),
  ]);
  const client = daemonIfRunning();
  if (!client) return undefined;
  try {
    const { pid, since, stateDir, revision, waiting, differences = null, problems } = await client.ask('status', {});
    const row = (one: typeof revision): RevisionRow | null => (one ? revisionRow(one) : null);
    const facts = { pid, since, stateDir, revision: row(revision), waiting: row(waiting), differences };
    return { facts, problems: problems.map((one) => problemFromWire(one)) };
  } catch (error) {
    const problems = problemsOf(error).map((problem): Problem => ({ ...problem, severity: 'warning' }));
    return { facts: null, problems };
  }
}

/**
 * The answer with what the daemon says of itself, or that none runs.
 * @param isHeld by a process that runs: where that is none's daemon, none is needed
 */
export function withDaemon(answer: Answer, daemon: DaemonFacts | undefined, isHeld: boolean): Answer {
  const facts = daemon?.facts ?? null;
  return {
    data: { ...(answer.data as object), daemon: facts },
    text: (paint) => {
      const text = answer.text(paint);
      if (!daemon && isHeld) return text;
      if (!daemon) return `${text}${paint('dim', 'no daemon runs here; the kernel was asked')}\n`;
      if (!facts) return text;
      const rows: Cell[][] = [
        ['daemon', `process ${facts.pid}, since ${facts.since} (${formatAgo(new Date(facts.since))})`],
        ['history', facts.stateDir],
        ...(facts.revision ? [['revision', summary(facts.revision)]] : []),
        ...(facts.waiting ? [['waiting', `${summary(facts.waiting)}: \`sluice confirm\` keeps it`]] : []),
      ].map(([what = '', value = '']) => [{ text: what, style: 'dim' }, value]);
      const table = renderTable([{ head: '' }, { head: '' }], rows, paint, '  ');
      return `${text}\n${table}${facts.differences ? `\n${differenceTable(facts.differences, paint)}` : ''}`;
    },
  };
}

/** The answer with what the kernel has counted of an observation that no daemon tells of. */
export const withDifferences = (answer: Answer, differences: readonly DifferenceOnWire[]): Answer => ({
  data: { ...(answer.data as object), differences },
  text: (paint) => `${answer.text(paint)}\n${differenceTable(differences, paint)}`,
});

const DIFFERENCE_COLUMNS: readonly Column[] = [
  { head: 'enforced' },
  { head: 'observed' },
  { head: 'packets', align: 'right' },
  { head: 'the latest' },
];

function differenceTable(differences: readonly DifferenceOnWire[], paint: Paint): string {
  if (differences.length === 0) return 'so far, what is observed would have treated no packet otherwise\n';
  const said = ({ name, line, verdict }: DifferenceOnWire['enforced']): Cell => ({
    text: `${verdict} ${name}${line === undefined ? '' : `:${line}`}`,
    style: actionStyle(verdict),
  });
  const rows = differences.map(({ enforced, observed, packets, example }): Cell[] => [
    said(enforced),
    said(observed),
    formatCount(packets),
    { text: example, style: 'dim' },
  ]);
  return renderTable(DIFFERENCE_COLUMNS, rows, paint);
}

const summary = ({ revision, policy, who, time }: RevisionRow): string =>
  `${revision}, ${policy ?? 'nothing'}, by ${inWords(who)} ${formatAgo(new Date(time))}`;
