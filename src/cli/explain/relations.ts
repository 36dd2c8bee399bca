import type { CheckedPolicy, CheckedRule } from '../../policy/checked.ts';
import { overlappingRules, rulesWithoutPackets, warnOfRelations } from '../../policy/relations/index.ts';
import { plural } from '../output/numbers.ts';
import { type ProblemData, problemData } from '../output/problems.ts';
import type { Paint } from '../output/style.ts';

/** What the rules of a policy are to each other. */
export interface ExplainedRelations {
  /** Rules that no packet gets to, as `sluice check` warns of them. */
  readonly withoutPackets: readonly ProblemData[];
  /** Pairs with opposite verdicts that have some packets in common, the nearest first. */
  readonly overlaps: readonly ExplainedOverlap[];
  readonly moreOverlaps: number;
  /** Stages with too many rules to compare each with each. */
  readonly notCompared: readonly string[];
}

export interface ExplainedOverlap {
  readonly stage: string;
  readonly first: ExplainedRule;
  readonly second: ExplainedRule;
}

interface ExplainedRule {
  readonly name: string;
  readonly line: number;
  readonly action: string;
}

const ruleOf = ({ name, line, action }: CheckedRule): ExplainedRule => ({ name, line, action: action.kind });

export function explainRelations(policy: CheckedPolicy): ExplainedRelations {
  const { prefilter, ingress, egress, sets } = policy;
  const stages = { prefilter, ingress: ingress.rules, egress: egress.rules };
  // A rule that gets no packet decides none against another.
  const idle = rulesWithoutPackets(policy);
  const found = Object.entries(stages).map(([stage, rules]) => ({
    stage,
    overlaps: overlappingRules(
      rules.filter(({ index }) => !idle.has(index)),
      sets,
    ),
  }));
  return {
    withoutPackets: warnOfRelations(policy).map(problemData),
    overlaps: found.flatMap(({ stage, overlaps }) =>
      (overlaps?.told ?? []).map(({ first, second }) => ({ stage, first: ruleOf(first), second: ruleOf(second) })),
    ),
    moreOverlaps: found.reduce((sum, { overlaps }) => sum + (overlaps?.more ?? 0), 0),
    notCompared: found.flatMap(({ stage, overlaps }) => (overlaps ? [] : [stage])),
  };
}

/** Nothing where there is nothing to say. */
export function relationsText(relations: ExplainedRelations, paint: Paint): string {
  const { withoutPackets, overlaps, moreOverlaps, notCompared } = relations;
  const lines = [
    ...withoutPackets.map(({ message, line }) => `  ${line === null ? '' : `line ${line}: `}${message}`),
    ...overlaps.map(({ stage, first, second }) => {
      const [one, other] = [first, second].map(({ name, line }) => `"${name}" (line ${line})`);
      return `  ${stage}: of the packets that ${one} and ${other} both match, the first decides: ${first.action}, not ${second.action}`;
    }),
    ...(moreOverlaps > 0
      ? [`  and ${plural(moreOverlaps, 'pair')} more that overlap in part, with opposite verdicts`]
      : []),
    ...notCompared.map((stage) => `  ${stage}: too many rules to compare each with each`),
  ];
  return lines.length === 0 ? '' : `${paint('bold', 'rules beside each other')}\n${lines.join('\n')}\n`;
}
