import { printable } from '../../diagnostics/display-width.ts';
import { decidedBy } from '../../policy/decision.ts';
import type { Impact } from '../../rehearse/index.ts';
import { formatCount, plural } from '../output/numbers.ts';
import { actionStyle, type Paint } from '../output/style.ts';

const MOST_SHOWN = 8;

/** What becomes of live connections, without a title. */
export function impactLines({ connections, judged, cut, by }: Impact, paint: Paint): string[] {
  const of =
    judged < connections
      ? `${formatCount(judged)} of ${plural(connections, 'live connection')}`
      : plural(connections, 'live connection');
  if (cut === 0) return [paint('dim', `of ${of} none would be cut`)];
  return [
    `of ${of} ${paint('red', `${formatCount(cut)} would be cut`)} at their next packet`,
    ...by.slice(0, MOST_SHOWN).map(({ by: decided, connections: count, example }) => {
      const line = decided.line === null ? '' : `:${decided.line}`;
      const who = `${paint(actionStyle(decided.verdict), decided.verdict)} ${printable(decidedBy(decided))}${line}`;
      return `  ${who}  ${paint('dim', `${decided.stage}, ${formatCount(count)}, like`)} ${printable(example)}`;
    }),
    ...(by.length > MOST_SHOWN ? [paint('dim', `  and ${formatCount(by.length - MOST_SHOWN)} more rules`)] : []),
  ];
}
