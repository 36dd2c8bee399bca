import type { Action } from '../../policy/checked.ts';
import type { RemovedRule } from '../../policy/optimise.ts';
import type { Plan, StagePlan } from '../../policy/plan.ts';
import { ruleInWords } from '../words/test.ts';
import { type ExplainedSet, explainSets } from './sets.ts';

/** A plan as data: what is asked of a packet, in which order, and what it is looked up in. */
export interface ExplainedPlan {
  readonly policy: string;
  readonly interfaces: readonly string[];
  readonly malformed: string;
  readonly stages: readonly ExplainedStage[];
  readonly sets: readonly ExplainedSet[];
}

export interface ExplainedStage {
  readonly stage: string;
  /** Null where the next stage is asked. */
  readonly default: string | null;
  readonly rules: readonly ExplainedRule[];
  readonly removed: readonly ExplainedRemoval[];
}

export interface ExplainedRule {
  readonly rule: string;
  readonly line: number;
  readonly action: string;
  /** In words. */
  readonly tests: string;
}

export interface ExplainedRemoval {
  readonly rule: string;
  readonly line: number;
  readonly reason: string;
  readonly because: string | null;
}

export function explainPlan(plan: Plan): ExplainedPlan {
  const { source, interfaces, malformed } = plan.policy;
  return {
    policy: source.path,
    interfaces,
    malformed,
    stages: plan.stages.map(explainStage),
    sets: explainSets(plan),
  };
}

function explainStage({ stage, default: end, rules, neighbourRules, removed }: StagePlan): ExplainedStage {
  // A rule that no other packet gets to may still be asked about ARP.
  const asked = new Map([...neighbourRules, ...rules].map((lowered) => [lowered.rule.index, lowered]));
  const inOrder = [...asked.values()].sort((a, b) => a.rule.index - b.rule.index);
  return {
    stage,
    default: end ?? null,
    rules: inOrder.map((lowered) => ({
      rule: lowered.rule.name,
      line: lowered.rule.line,
      action: actionInWords(lowered.action),
      tests: ruleInWords(lowered),
    })),
    removed: removed.filter(({ rule }) => !asked.has(rule.index)).map(explainRemoval),
  };
}

function actionInWords(action: Action): string {
  switch (action.kind) {
    case 'log':
      return `log ${action.ratePerSecond}/s`;
    case 'mark':
      return `mark 0x${action.mark.toString(16)}`;
    default:
      return action.kind;
  }
}

function explainRemoval({ rule, reason, because }: RemovedRule): ExplainedRemoval {
  return { rule: rule.name, line: rule.line, reason, because: because?.name ?? null };
}

/** Why a rule is not in the program, as the end of "removed: …". */
export function removalInWords({ reason, because }: ExplainedRemoval): string {
  switch (reason) {
    case 'never-matches':
      return 'no packet can match it';
    case 'never-reached':
      return `never reached: ${because} before it takes every packet`;
    default:
      return `never decides: ${because} before it matches the same packets`;
  }
}
