import type { CheckedPolicy } from './checked.ts';
import type { Judgement } from './model.ts';

export type Direction = 'ingress' | 'egress';
export const directions = ['ingress', 'egress'] as const satisfies readonly Direction[];

/** What decided of a packet, from the compiled program or the reference model. Only the latter tells what it passed. */
export type Decision = Omit<Judgement, 'counted' | 'logged'> & Partial<Pick<Judgement, 'counted' | 'logged'>>;

/** How a packet passes. */
export interface Circumstances {
  readonly direction: Direction;
  /** One of the policy's interfaces. */
  readonly interface?: string;
  /** Bytes on the wire, where a capture kept fewer. */
  readonly wireLength?: number;
  /** When it passes, Unix time in milliseconds; now where left out. Only rules with a `when` ask. */
  readonly timeMs?: number;
}

/** A verdict as data, the same in every command. */
export interface VerdictData {
  readonly verdict: string;
  readonly stage: string;
  /** Null where no rule decided. */
  readonly rule: string | null;
  /** Of the rule, or of the default that decided; null where the policy has no line that did. */
  readonly line: number | null;
  /** `rule`, or what decided instead: `default-ingress`, `truncated-tcp`. */
  readonly reason: string;
}

export function verdictData(decision: Decision, policy: CheckedPolicy): VerdictData {
  const { verdict, stage, rule, reason } = decision;
  return { verdict, stage, rule: rule?.name ?? null, line: decidedAt(decision, policy)?.line ?? null, reason };
}

/** Where the policy says what was decided: at a rule or at a default that is written. */
export function decidedAt(
  { rule, reason }: Pick<Decision, 'rule' | 'reason'>,
  { ingress, egress }: CheckedPolicy,
): { readonly line: number; readonly column: number } | undefined {
  if (reason === 'default-ingress') return ingress.defaultPlace;
  if (reason === 'default-egress') return egress.defaultPlace;
  return rule ?? undefined;
}

/** Who decided, in a word: the rule's name, or the reason. */
export const decidedBy = ({ rule, reason }: Pick<VerdictData, 'rule' | 'reason'>): string => rule ?? reason;
