import type { RuleCounter } from '../../datapath/index.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';

/** A counter as data. `rule` and `line` are null for what counts where no rule decided. */
export interface CounterRow {
  readonly rule: string | null;
  readonly stage: string | null;
  readonly line: number | null;
  /** `rule`, or what decided instead: `default-ingress`, `truncated-tcp`. */
  readonly reason: string;
  /** Null where the policy cannot be asked any more. */
  readonly action: string | null;
  readonly packets: number;
  readonly bytes: number;
  readonly lastHit: Date | null;
}

/** @param policy what is in force, to say what was done for a reason that is no rule */
export function counterRows(counters: readonly RuleCounter[], policy: CheckedPolicy | undefined): CounterRow[] {
  const rows = counters.map(({ name, stage, line, action, packets, bytes, lastHit }) => ({
    rule: line === undefined ? null : name,
    stage: stage || stageOfReason(name),
    line: line ?? null,
    reason: line === undefined ? name : 'rule',
    action: action ?? (policy ? actionOfReason(name, policy) : null),
    packets: Number(packets),
    bytes: Number(bytes),
    lastHit: lastHit ?? null,
  }));
  // In the packet's order: reasons stand where no rule has decided.
  return [...rows.filter(({ rule }) => rule !== null), ...rows.filter(({ rule }) => rule === null)];
}

function stageOfReason(reason: string): string | null {
  if (reason === 'default-ingress') return 'ingress';
  if (reason === 'default-egress') return 'egress';
  return reason === 'neighbour' ? null : 'parse';
}

function actionOfReason(reason: string, { ingress, egress, malformed }: CheckedPolicy): string {
  if (reason === 'default-ingress') return ingress.default;
  if (reason === 'default-egress') return egress.default;
  return reason === 'neighbour' ? 'allow' : malformed;
}
