import type { ForeignSet, Loss, Ruleset } from './ruleset.ts';
import type { Stage, StageItem } from './stage.ts';

export interface PolicyParts {
  readonly title: string;
  readonly interfaces: readonly string[];
  readonly sets: Ruleset['sets'];
  readonly losses: readonly Loss[];
  readonly prefilter: Stage | undefined;
  readonly ingress: Stage | undefined;
  readonly egress: Stage | undefined;
}

/** The policy in YAML, a rule a line, what was lost as comments where it would stand. */
export function policyText({ title, interfaces, sets, losses, prefilter, ingress, egress }: PolicyParts): string {
  const lines = [
    `# ${title}`,
    ...losses.map((loss) => lossComment(loss)),
    'version: 1',
    `interfaces: ${flow(interfaces)}`,
    ...(sets.size > 0 ? ['sets:', ...[...sets].flatMap(setLines)] : []),
    ...(prefilter && prefilter.items.length > 0 ? listLines('prefilter', prefilter.items, '') : []),
    ...stageLines('ingress', ingress),
    ...stageLines('egress', egress),
  ];
  return `${lines.join('\n')}\n`;
}

function stageLines(name: string, stage: Stage | undefined): string[] {
  if (!stage) return [];
  const rules = stage.items.length > 0 ? listLines('rules', stage.items, '  ') : [];
  return [`${name}:`, `  default: ${stage.default}`, ...rules];
}

function listLines(key: string, items: readonly StageItem[], indent: string): string[] {
  const empty = items.some((item) => 'rule' in item) ? '' : ' []';
  return [
    `${indent}${key}:${empty}`,
    ...items.map((item) => {
      const said =
        'rule' in item ? `- ${flow(item.rule)}` : 'loss' in item ? lossComment(item.loss) : remark(item.remark);
      return `${indent}  ${said}`;
    }),
  ];
}

type SetEntry = readonly [string, ForeignSet];

/** An address a line: people compare lists by lines. */
function setLines([name, set]: SetEntry): string[] {
  if (!Array.isArray(set)) return [`  ${name}: ${flow(set)}`];
  if (set.length === 0) return [`  ${name}: []`];
  return [`  ${name}:`, ...set.map((address) => `    - ${flow(address)}`)];
}

function lossComment(loss: Loss): string {
  if (loss.code === 'import/interfaces') return remark(sentence(loss));
  const what = loss.code === 'import/approximate' ? 'not quite the same' : 'not carried over';
  return remark(`${what}: ${sentence(loss)}`);
}

export const sentence = ({ origin, message }: Loss): string =>
  origin === undefined ? message : `${origin}: ${message}`;

/** A comment ends with its line. */
const remark = (text: string): string => `# ${text.replace(/[\s\p{Cc}]+/gu, ' ')}`;

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$/;
const OTHER_TYPE = /^(true|false|yes|no|on|off|null|y|n|[\d._]+|0[xo].*|\d[\d_.]*e\d+)$/i;

/** YAML in one line. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${key}: ${flow(item)}`)
      .join(', ')} }`;
  }
  const text = String(value);
  if (typeof value !== 'string') return text;
  const isAddress = /^\d+(\.\d+){3}$/.test(text);
  return PLAIN.test(text) && (isAddress || !OTHER_TYPE.test(text)) ? text : JSON.stringify(text);
}
