import type { CheckedPolicy } from '../../policy/checked.ts';
import { type Decision, decidedBy, type VerdictData, verdictData } from '../../policy/decision.ts';
import type { Answer } from '../output/answer.ts';
import { formatBytes, formatCount, formatShare, plural } from '../output/numbers.ts';
import { actionStyle, type Paint } from '../output/style.ts';
import { type Cell, renderTable } from '../output/table.ts';

/** How often each rule and each reason decided. */
export interface Tally {
  add(decision: Decision, bytes: number): void;
  entries(): readonly TallyEntry[];
}

export interface TallyEntry extends VerdictData {
  readonly packets: number;
  /** On the wire. */
  readonly bytes: number;
}

export function createTally(policy: CheckedPolicy): Tally {
  const byId = new Map<number, { readonly decision: Decision; packets: number; bytes: number }>();
  return {
    add(decision, bytes) {
      let entry = byId.get(decision.id);
      if (!entry) {
        entry = { decision, packets: 0, bytes: 0 };
        byId.set(decision.id, entry);
      }
      entry.packets++;
      entry.bytes += bytes;
    },
    entries: () =>
      [...byId.values()]
        .map(({ decision, packets, bytes }) => ({ ...verdictData(decision, policy), packets, bytes }))
        .sort((a, b) => b.packets - a.packets),
  };
}

export interface ReplaySummary {
  readonly policy: string;
  readonly capture: string;
  readonly judgedBy: 'kernel' | 'model';
  readonly entries: readonly TallyEntry[];
  /** For people only: two runs never take the same. */
  readonly seconds: number;
}

export function summaryOf({ seconds, ...summary }: ReplaySummary): Answer {
  const { entries, policy, capture } = summary;
  const packets = entries.reduce((sum, entry) => sum + entry.packets, 0);
  const of = (verdict: string): number =>
    entries.filter((entry) => entry.verdict === verdict).reduce((sum, entry) => sum + entry.packets, 0);
  const verdicts = { allow: of('allow'), drop: of('drop'), reject: of('reject') };
  const { entries: decisions, ...rest } = summary;
  return {
    data: { ...rest, packets, verdicts, decisions },
    text(paint) {
      const parts = Object.entries(verdicts).filter(([, count]) => count > 0);
      const counts = parts.map(([verdict, count]) => `${formatCount(count)} ${paint(actionStyle(verdict), verdict)}`);
      const total = `${plural(packets, 'packet')} of ${capture} judged by ${policy} in ${seconds.toFixed(2)} s`;
      return `${table(entries, packets, paint)}${packets > 0 ? '\n' : ''}${total}${counts.map((one) => `, ${one}`).join('')}\n`;
    },
  };
}

function table(entries: readonly TallyEntry[], packets: number, paint: Paint): string {
  if (entries.length === 0) return '';
  const columns = [
    { head: 'verdict' },
    { head: 'stage' },
    { head: 'decided by' },
    { head: 'line', align: 'right' },
    { head: 'packets', align: 'right' },
    { head: '', align: 'right' },
    { head: 'bytes', align: 'right' },
  ] as const;
  const rows = entries.map((entry): Cell[] => [
    { text: entry.verdict, style: actionStyle(entry.verdict) },
    entry.stage,
    entry.rule === null ? { text: entry.reason, style: 'dim' } : decidedBy(entry),
    entry.line === null ? '' : String(entry.line),
    formatCount(entry.packets),
    formatShare(entry.packets, packets),
    formatBytes(entry.bytes),
  ]);
  return renderTable(columns, rows, paint);
}
