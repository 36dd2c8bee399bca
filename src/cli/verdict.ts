import type { Decision } from './judge.ts';

/** A verdict as data, the same in every command. `rule` and `line` are null where no rule decided. */
export interface VerdictData {
  readonly verdict: string;
  readonly stage: string;
  readonly rule: string | null;
  readonly line: number | null;
  /** `rule`, or what decided instead: `default-ingress`, `truncated-tcp`. */
  readonly reason: string;
}

export function verdictData({ verdict, stage, rule, reason }: Decision): VerdictData {
  return { verdict, stage, rule: rule?.name ?? null, line: rule?.line ?? null, reason };
}

/** Who decided, in a word: the rule's name, or the reason. */
export const decidedBy = ({ rule, reason }: Pick<VerdictData, 'rule' | 'reason'>): string => rule ?? reason;
