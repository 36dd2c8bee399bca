import { problemFromWire } from '../../api/problems.ts';
import type { AnswerTo } from '../../api/schemas.ts';
import { printable } from '../../diagnostics/display-width.ts';
import type { VerdictChange } from '../../rehearse/index.ts';
import { verdictLines } from '../diff/answer.ts';
import { impactLines } from '../diff/impact.ts';
import type { Answer } from '../output/answer.ts';
import { formatCount, formatDuration, plural } from '../output/numbers.ts';
import { problemData } from '../output/problems.ts';
import type { Paint } from '../output/style.ts';

/** What came of an apply or a rollback. @param policy as the user calls it */
export function appliedAnswer(applied: AnswerTo<'apply'>, policy: string): Answer {
  const { revision, rules, interfaces, warnings, totalMs, swapMs, pending, rehearsal } = applied;
  const data = {
    policy,
    revision: revision?.number ?? null,
    rules,
    interfaces: interfaces.map(({ name, mode = null }) => ({ name, mode })),
    state: stateOf(applied),
    deadline: pending?.deadline ?? null,
    totalMs: rounded(totalMs),
    swapMs: swapMs === undefined ? null : rounded(swapMs),
    rehearsal: rehearsal ?? null,
    warnings: warnings.map((one) => problemData(problemFromWire(one))),
  };
  return { data, text: (paint) => `${rehearsalText(rehearsal, paint)}${inWords(applied, policy, paint)}` };
}

const MOST_SHOWN = 8;

/** What would be, or is, different from now on. */
function rehearsalText(rehearsal: AnswerTo<'apply'>['rehearsal'], paint: Paint): string {
  if (!rehearsal) return '';
  const { packets, tests, differences, differenceCount, unreached, unreachedCount, impact } = rehearsal;
  const passed = tests === 0 ? '' : `, ${plural(tests, 'test')} passed`;
  const lines = [
    paint('dim', `rehearsed with ${plural(packets, 'packet')}${passed}: ${changesInWords(differenceCount)}`),
    ...differences.slice(0, MOST_SHOWN).flatMap((one) => verdictLines(withInterface(one), paint)),
    ...rest(differenceCount, paint),
    ...unreached
      .slice(0, MOST_SHOWN)
      .map(
        ({ rule, line, reason }) =>
          `  ${paint('yellow', 'not reached:')} ${printable(rule)} (line ${line}), because ${printable(reason)}`,
      ),
    ...rest(unreachedCount, paint),
    ...(impact && impact.cut > 0 ? impactLines(impact, paint) : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function changesInWords(count: number): string {
  if (count === 0) return 'no verdict changes';
  return count === 1
    ? '1 kind of packets is treated differently'
    : `${formatCount(count)} kinds of packets are treated differently`;
}

const rest = (count: number, paint: Paint): string[] =>
  count > MOST_SHOWN ? [paint('dim', `  and ${formatCount(count - MOST_SHOWN)} more: \`sluice diff\` shows all`)] : [];

function withInterface({ example: { interface: name, at, ...example }, ...change }: Difference): VerdictChange {
  return {
    ...change,
    example: {
      ...example,
      ...(name !== undefined && { interface: name }),
      ...(at !== undefined && { at: new Date(at) }),
    },
  };
}

type Difference = NonNullable<AnswerTo<'apply'>['rehearsal']>['differences'][number];

/** Microseconds are noise. */
const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

function stateOf({ revision, pending }: AnswerTo<'apply'>): string {
  if (!revision) return 'not-applied';
  if (!pending) return 'in-force';
  return pending.kind === 'trial' ? 'on-trial' : 'observed';
}

function inWords(applied: AnswerTo<'apply'>, policy: string, paint: Paint): string {
  const { revision, rules, interfaces, totalMs, swapMs, pending } = applied;
  const where = interfaces.map(({ name, mode }) => (mode ? `${name} (${mode})` : name)).join(', ');
  const took =
    swapMs === undefined
      ? `${Math.round(totalMs)} ms`
      : `${Math.round(totalMs)} ms, ${rounded(swapMs)} ms of them the change itself`;
  const name = paint('bold', printable(policy));
  if (!revision) {
    return `${name} could be put in force on ${where}: ${plural(rules, 'rule')}, accepted by the kernel (${took})\n${paint('dim', 'nothing has changed; without --dry-run it is put in force')}\n`;
  }
  const what = pending
    ? paint('yellow', pending.kind === 'trial' ? 'on trial' : 'observed, not enforced,')
    : paint('green', 'in force');
  const head = `${name} is ${what} on ${where || 'no interface yet'}: revision ${revision.number}, ${plural(rules, 'rule')} (${took})\n`;
  return pending ? `${head}${nextStep(pending, paint)}\n` : head;
}

function nextStep({ kind, deadline }: NonNullable<AnswerTo<'apply'>['pending']>, paint: Paint): string {
  const seconds =
    deadline === undefined ? undefined : Math.max(0, Math.round((Date.parse(deadline) - Date.now()) / 1000));
  const within = seconds === undefined ? '' : ` within ${formatDuration(seconds)}`;
  const keep = kind === 'trial' ? 'keeps it' : 'enforces it';
  const otherwise =
    seconds === undefined
      ? '`sluice rollback` gives it up'
      : `else ${kind === 'trial' ? 'the policy before is in force again' : 'it is given up'} by itself`;
  return `${paint('bold', '`sluice confirm`')}${within} ${keep}; ${otherwise}`;
}
