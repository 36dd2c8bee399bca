import { printable } from '../../diagnostics/display-width.ts';
import { decidedBy, type VerdictData } from '../../policy/decision.ts';
import type { Answer } from '../output/answer.ts';
import { formatCount, plural } from '../output/numbers.ts';
import { actionStyle, type Paint } from '../output/style.ts';

/** A packet that two policies do not treat alike. */
export interface Difference {
  /** Its number in the capture. */
  readonly packet: number;
  /** In packet notation. */
  readonly description: string;
  readonly before: VerdictData;
  readonly after: VerdictData;
}

/** A rule that has only moved to another line decides as before. */
export function differs(before: VerdictData, after: VerdictData): boolean {
  return (
    before.verdict !== after.verdict ||
    before.stage !== after.stage ||
    before.rule !== after.rule ||
    before.reason !== after.reason
  );
}

/** One line for people: `#12  tcp 198.51.100.7:1 > 192.0.2.10:22 flags=S: drop default-ingress:9 → allow ssh:12`. */
export function differenceLine({ packet, description, before, after }: Difference, paint: Paint): string {
  const number = paint('dim', `#${packet}`);
  return `${number}  ${printable(description)}: ${verdictText(before, paint)} → ${verdictText(after, paint)}\n`;
}

export interface ComparisonSummary {
  readonly before: string;
  readonly after: string;
  readonly capture: string;
  readonly packets: number;
  readonly differences: number;
}

/** `listed` is empty where the differences have been printed on the way. */
export function comparisonAnswer(summary: ComparisonSummary, listed: readonly Difference[]): Answer {
  const { before, after, capture, packets, differences } = summary;
  return {
    data: { ...summary, list: listed },
    text(paint) {
      const names = `by ${before} and ${after}`;
      if (differences === 0)
        return `${plural(packets, 'packet')} of ${capture} judged ${paint('green', 'alike')} ${names}\n`;
      const count = paint('yellow', `${formatCount(differences)} of ${plural(packets, 'packet')}`);
      return `\n${count} of ${capture} judged differently ${names}\n`;
    },
  };
}

function verdictText(data: VerdictData, paint: Paint): string {
  const by = printable(decidedBy(data));
  const who = data.rule === null ? paint('dim', by) : by;
  const line = data.line === null ? '' : `:${data.line}`;
  return `${paint(actionStyle(data.verdict), data.verdict)} ${who}${line}`;
}
