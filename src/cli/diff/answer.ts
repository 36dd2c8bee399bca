import { printable } from '../../diagnostics/display-width.ts';
import { decidedBy, type VerdictData } from '../../policy/decision.ts';
import type { FieldChange, Impact, PolicyDiff, RuleChange, SetChange, VerdictChange } from '../../rehearse/index.ts';
import type { Answer } from '../output/answer.ts';
import { plural } from '../output/numbers.ts';
import { actionStyle, type Paint, type StyleName } from '../output/style.ts';
import { impactLines } from './impact.ts';

export function diffAnswer([before, after]: readonly [string, string], diff: PolicyDiff, impact?: Impact): Answer {
  const { settings, sets, rules, verdicts } = diff;
  return {
    data: { before, after, ...diff, ...(impact && { impact }) },
    items: [
      ...settings.map((item) => ({ kind: 'setting', ...item })),
      ...sets.map((item) => ({ kind: 'set', ...item })),
      ...rules.map((item) => ({ kind: 'rule', ...item })),
      ...verdicts.map((item) => ({ kind: 'verdict', ...item })),
      ...(impact ? [{ kind: 'impact', ...impact }] : []),
    ],
    text: (paint) =>
      `${diffText(diff, paint)}${impact ? `\n${part('Live connections', impactLines(impact, paint), paint)}` : ''}`,
  };
}

const marks = {
  added: { mark: '+', style: 'green' },
  removed: { mark: '-', style: 'red' },
  changed: { mark: '~', style: 'yellow' },
  moved: { mark: '>', style: 'cyan' },
} as const satisfies Record<RuleChange['change'], { readonly mark: string; readonly style: StyleName }>;

function diffText({ settings, sets, rules, verdicts }: PolicyDiff, paint: Paint): string {
  const parts = [
    part(
      'Settings',
      settings.map((change) => `  ${fieldText(change, paint)}`),
      paint,
    ),
    part(
      'Sets',
      sets.flatMap((change) => setLines(change, paint)),
      paint,
    ),
    part(
      'Rules',
      rules.flatMap((change) => ruleLines(change, paint)),
      paint,
    ),
    part(
      'Verdicts',
      verdicts.flatMap((change) => verdictLines(change, paint)),
      paint,
    ),
  ];
  return (
    parts.filter((text) => text !== '').join('\n') ||
    `${paint('dim', 'no difference: rules, sets and verdicts are the same')}\n`
  );
}

const part = (title: string, lines: readonly string[], paint: Paint): string =>
  lines.length === 0 ? '' : `${paint('bold', title)}\n${lines.map((line) => `${line}\n`).join('')}`;

function setLines({ change, set, fields }: SetChange, paint: Paint): string[] {
  const { mark, style } = marks[change];
  const title = `  ${paint(style, `${mark} @${printable(set)}`)}`;
  // Of addresses, those that went and those that came, and not the whole of before and after.
  const lines = fields.flatMap(({ field, before, after }) =>
    field === 'addresses'
      ? [
          ...(before === null ? [] : [`      ${paint('red', `- ${printable(before)}`)}`]),
          ...(after === null ? [] : [`      ${paint('green', `+ ${printable(after)}`)}`]),
        ]
      : [`      ${fieldText({ field, before, after }, paint)}`],
  );
  return [title, ...lines];
}

function ruleLines({ change, stage, rule, line, fields, past }: RuleChange, paint: Paint): string[] {
  const { mark, style } = marks[change];
  const where = [line.before, line.after].filter((number) => number !== null).join(' → ');
  const title = `  ${paint(style, `${mark} ${printable(rule)}`)}  ${paint('dim', `${stage}, line ${where}`)}`;
  if (change === 'moved') return [`${title}  to the other side of ${printable(past ?? '')}`];
  if (change === 'changed') return [title, ...fields.map((field) => `      ${fieldText(field, paint)}`)];
  const said = fields.map(({ field, before, after }) => `${field}: ${after ?? before}`).join('; ');
  return [title, `      ${printable(said)}`];
}

function fieldText({ field, before, after }: FieldChange, paint: Paint): string {
  const value = (text: string | null): string => (text === null ? paint('dim', 'not said') : printable(text));
  return `${field}: ${value(before)} → ${value(after)}`;
}

export function verdictLines({ before, after, packets, example }: VerdictChange, paint: Paint): string[] {
  const on = example.interface === undefined ? '' : `, ${printable(example.interface)}`;
  const at = example.at === undefined ? on : `${on}, at ${example.at.toISOString()}`;
  return [
    `  ${verdictText(before, paint)} → ${verdictText(after, paint)}  ${paint('dim', plural(packets, 'packet'))}`,
    `      ${printable(example.packet)}  ${paint('dim', `${example.direction}${at}`)}`,
  ];
}

function verdictText(data: VerdictData, paint: Paint): string {
  const line = data.line === null ? '' : `:${data.line}`;
  return `${paint(actionStyle(data.verdict), data.verdict)} ${printable(decidedBy(data))}${line}`;
}
