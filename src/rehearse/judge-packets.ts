import type { Problem } from '../diagnostics/problem.ts';
import type { CheckedPolicy, CheckedRule } from '../policy/checked.ts';
import { type Circumstances, type Decision, decidedBy, verdictData } from '../policy/decision.ts';
import { createNarrowedModel } from './narrowed-model.ts';
import { exampleOf, type MadePacket } from './packets/made-packet.ts';
import { planPackets } from './packets/packets-for-policies.ts';
import { reaches } from './packets/packets-for-rule.ts';
import type { RehearsalReport, RuleFinding } from './report.ts';
import { createChangeCollector, decide } from './verdict-changes.ts';

type Judge = (frame: Uint8Array, circumstances: Circumstances) => Decision;

export interface Judges {
  readonly before?: CheckedPolicy | undefined;
  readonly after: CheckedPolicy;
  readonly judgeBefore?: Judge | undefined;
  /** Left out: the reference model judges by both. */
  readonly judgeAfter?: Judge | undefined;
}

/** Disagreements that are told one by one. */
const MOST_TOLD = 5;

/** Makes the packets, has them judged, and forgets them one by one. */
export function judgePackets({ before, after, judgeBefore, judgeAfter }: Judges): Omit<RehearsalReport, 'tests'> {
  const models = { after: createNarrowedModel(after), before: before && createNarrowedModel(before) };
  const plan = planPackets(before, after);
  const changes = createChangeCollector(before, after);
  const withoutPacket: RuleFinding[] = [];
  const unreached: RuleFinding[] = [];
  const problems: Problem[] = [];
  const judged = { packets: 0, byModel: 0 };

  /** By `after`: the kernel's decision where there is a kernel, else the model's. */
  function judgeOne(made: MadePacket): Decision | undefined {
    const model = models.after.judge(made);
    const is = judgeAfter ? judgeAfter(made.frame, made.circumstances) : model;
    if (is === undefined) return undefined;
    const was = decide(before, byBefore, made);
    if (was === undefined) return undefined;
    judged.packets++;
    if (model) judged.byModel++;
    if (model && judgeAfter && !agree(model, is)) problems.push(disagreement(after, made, model, is));
    changes.add(made, was, decide(after, () => is, made) ?? is);
    return is;
  }

  const byBefore = (made: MadePacket): Decision | undefined =>
    judgeBefore ? judgeBefore(made.frame, made.circumstances) : models.before?.judge(made);

  const judges = { after: models.after.judge, before: (made: MadePacket) => models.before?.judge(made) };
  for (const { side, rule, inside, edges, reason } of plan.packets(judges)) {
    const takers = inside.map(judgeOne).filter((decision) => decision !== undefined);
    for (const made of edges) judgeOne(made);
    if (rule === undefined || side === 'before') continue;
    if (inside.length === 0) withoutPacket.push(finding(rule, reason ?? 'none was found'));
    else if (takers.length > 0 && !takers.some((taker) => reaches(rule, taker))) unreached.push(taken(rule, takers));
  }
  return {
    packets: judged.packets,
    judgedByModel: judged.byModel,
    rules: plan.rules,
    sampled: plan.sampled,
    withoutPacket,
    unreached,
    differences: changes.changes(),
    problems: problems.slice(0, MOST_TOLD),
  };
}

const agree = (model: Decision, kernel: Decision): boolean =>
  model.id === kernel.id && model.verdict === kernel.verdict && model.mark === kernel.mark;

function disagreement(policy: CheckedPolicy, made: MadePacket, model: Decision, kernel: Decision): Problem {
  const { packet, direction } = exampleOf(made);
  const says = (decision: Decision): string => `${decision.verdict} by ${decidedBy(verdictData(decision, policy))}`;
  const rule = kernel.rule ?? model.rule;
  return {
    code: 'rehearsal/disagreement',
    message: `the compiled policy says ${says(kernel)}, the reference model ${says(model)}: ${packet} (${direction})`,
    ...(rule && { place: { source: policy.source, line: rule.line, column: rule.column, length: 0 } }),
  };
}

const finding = ({ name, stage, line }: CheckedRule, reason: string): RuleFinding => ({
  rule: name,
  stage,
  line,
  reason,
});

function taken(rule: CheckedRule, takers: readonly Decision[]): RuleFinding {
  const names = [...new Set(takers.map(({ rule: taker }) => `${taker?.name} (line ${taker?.line})`))];
  return finding(rule, `an earlier rule takes them: ${names.join(', ')}`);
}
