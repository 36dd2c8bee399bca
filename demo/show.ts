import { formatCount } from '../src/cli/output/numbers.ts';
import { actionStyle, type Paint } from '../src/cli/output/style.ts';
import { type Column, renderTable } from '../src/cli/output/table.ts';
import { createSession } from '../src/cli/session.ts';
import type { Counted } from './stage.ts';

/** What the demo prints: plain lines, colours only on a terminal. Keeps count of what did not come as promised. */
export interface Show {
  readonly paint: Paint;
  /** How many outcomes were not as promised. */
  readonly broken: number;
  line(text?: string): void;
  /** Begins the next step: its number, what it shows, and what is done for it. */
  step(title: string, ...what: readonly string[]): void;
  /** What one host did and what came of it. */
  outcome(asPromised: boolean, host: string, command: string, result: string): void;
  /** Who decided how often, with the line of the policy. */
  verdicts(counted: readonly Counted[]): void;
  /** Says what had to be true, where it is not. */
  promise(kept: boolean, what: string): void;
}

const INDENT = '   ';
const COLUMNS: readonly Column[] = [
  { head: '' },
  { head: '' },
  { head: '' },
  { head: '', align: 'right' },
  { head: '' },
  { head: '' },
];

export function createShow(): Show {
  const { paint } = createSession({});
  let steps = 0;
  let broken = 0;
  const line = (text = ''): void => void process.stdout.write(`${text}\n`);

  function promise(kept: boolean, what: string): void {
    if (kept) return;
    broken++;
    line(`${INDENT}${paint('red', `not as promised: ${what}`)}`);
  }

  return {
    paint,
    get broken() {
      return broken;
    },
    line,
    step(title, ...what) {
      line(`\n${paint('bold', `${++steps}  ${title}`)}`);
      for (const one of what) line(`${INDENT}${paint('dim', one)}`);
      line();
    },
    outcome(asPromised, host, command, result) {
      line(`${INDENT}${host.padEnd(9)} ${command.padEnd(46)} ${asPromised ? result : paint('red', result)}`);
      promise(asPromised, command);
    },
    verdicts(counted) {
      const rows = counted.map(({ action, rule, reason, line, packets, stage }) => [
        { text: action ?? '', style: actionStyle(action ?? '') },
        rule ?? reason,
        line === null ? '' : `edge.yaml:${line}`,
        formatCount(packets),
        packets === 1 ? 'packet' : 'packets',
        { text: because(stage, rule), style: 'dim' as const },
      ]);
      line();
      process.stdout.write(renderTable(COLUMNS, rows, paint, INDENT));
    },
    promise,
  };
}

const because = (stage: string | null, rule: string | null): string =>
  rule === null ? `no rule of ${stage} matched` : `the first rule of ${stage} that matched`;
