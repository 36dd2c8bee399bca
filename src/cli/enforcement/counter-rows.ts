import type { RuleCounter } from '../../datapath/index.ts';

/** A counter as data. `rule` and `line` are null for what counts where no rule decided. */
export interface CounterRow {
  readonly rule: string | null;
  readonly stage: string | null;
  readonly line: number | null;
  /** `rule`, or what decided instead: `default-ingress`, `truncated-tcp`. */
  readonly reason: string;
  readonly action: string;
  readonly packets: number;
  readonly bytes: number;
  readonly lastHit: Date | null;
  /** Whether the window of a rule with a `when` is open, and until when; null where it never changes. */
  readonly window?: { readonly open: boolean; readonly until: Date | null };
}

export function counterRows(counters: readonly RuleCounter[]): CounterRow[] {
  const rows = counters.map(({ name, stage, line, action, packets, bytes, lastHit, window }) => ({
    rule: line === undefined ? null : name,
    stage: stage || stageOfReason(name),
    line: line ?? null,
    reason: line === undefined ? name : 'rule',
    action,
    packets: Number(packets),
    bytes: Number(bytes),
    lastHit: lastHit ?? null,
    ...(window && { window: { open: window.open, until: window.until ?? null } }),
  }));
  // In the packet's order: reasons stand where no rule has decided.
  return [...rows.filter(({ rule }) => rule !== null), ...rows.filter(({ rule }) => rule === null)];
}

function stageOfReason(reason: string): string | null {
  if (reason === 'default-ingress') return 'ingress';
  if (reason === 'default-egress') return 'egress';
  return reason === 'neighbour' || reason === 'internal' ? null : 'parse';
}
