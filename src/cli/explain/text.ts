import { printable } from '../../diagnostics/display-width.ts';
import { formatBytes, formatCount, plural } from '../output/numbers.ts';
import { actionStyle, type Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import {
  type ExplainedPlan,
  type ExplainedRemoval,
  type ExplainedRule,
  type ExplainedStage,
  removalInWords,
} from './plan.ts';
import type { ExplainedSet, SetStructure } from './sets.ts';

const INDENT = '  ';
const RULE_COLUMNS: readonly Column[] = [
  { head: 'rule' },
  { head: 'line', align: 'right' },
  { head: 'action' },
  { head: 'packets that it takes' },
];
const SET_COLUMNS: readonly Column[] = [
  { head: 'set' },
  { head: 'line', align: 'right' },
  { head: 'IPv4' },
  { head: 'IPv6' },
  { head: 'asked by' },
];

/** The plan as people read it: sections one below the other, stages in the packet's order. */
export function planText(plan: ExplainedPlan, paint: Paint): string {
  const where = plan.interfaces.length > 0 ? ` on ${printable(plan.interfaces.join(', '))}` : '';
  const head = `${paint('bold', printable(plan.policy))}${where}; malformed packets: ${action(plan.malformed, paint)}\n`;
  const sections = plan.stages.map((stage) => stageText(stage, paint));
  if (plan.sets.length > 0) {
    sections.push(`${paint('bold', 'sets')}\n${renderTable(SET_COLUMNS, plan.sets.map(setRow), paint, INDENT)}`);
  }
  return [head, ...sections].join('\n');
}

function stageText({ stage, default: end, rules, removed }: ExplainedStage, paint: Paint): string {
  const then = end === null ? 'then ingress' : `default ${action(end, paint)}`;
  const kept = rules.map((rule) => ({ line: rule.line, cells: ruleRow(rule) }));
  const left = removed.map((removal) => ({ line: removal.line, cells: removalRow(removal) }));
  const all = [...kept, ...left].sort((a, b) => a.line - b.line).map(({ cells }) => cells);
  const rows = all.length <= MOST_RULES ? all : [...all.slice(0, SHOWN), hidden(all.length), ...all.slice(-SHOWN)];
  const table =
    rows.length === 0 ? `${INDENT}${paint('dim', 'no rules')}\n` : renderTable(RULE_COLUMNS, rows, paint, INDENT);
  return `${paint('bold', stage)}, ${then}\n${table}`;
}

/** More rules are shown by the first and the last of them; as data all are told. */
const MOST_RULES = 200;
const SHOWN = 20;

const hidden = (count: number): Cell[] =>
  ['…', '', '', `${formatCount(count - 2 * SHOWN)} more; -o json tells all`].map((text) => ({ text, style: 'dim' }));

function ruleRow({ rule, line, action: name, tests }: ExplainedRule): Cell[] {
  return [rule, String(line), { text: name, style: actionStyle(name) }, tests];
}

function removalRow(removal: ExplainedRemoval): Cell[] {
  const cells = [removal.rule, String(removal.line), 'removed', removalInWords(removal)];
  return cells.map((text) => ({ text, style: 'dim' }));
}

const action = (verdict: string, paint: Paint): string => paint(actionStyle(verdict), verdict);

function setRow(set: ExplainedSet): Cell[] {
  const name: Cell = set.name === null ? { text: '(list)', style: 'dim' } : set.name;
  const users: Cell = set.usedBy.length === 0 ? { text: 'no rule', style: 'yellow' } : usersInWords(set.usedBy);
  return [name, String(set.line), structureInWords(set.v4), structureInWords(set.v6), users];
}

const NAMED_USERS = 3;

function usersInWords(users: readonly string[]): string {
  const more = users.length - NAMED_USERS;
  return more > 0 ? `${users.slice(0, NAMED_USERS).join(', ')} and ${formatCount(more)} more` : users.join(', ');
}

function structureInWords({ structure, prefixes, bytes = 0, capacityBytes = 0 }: SetStructure): Cell {
  switch (structure) {
    case 'empty':
      return { text: '-', style: 'dim' };
    case 'comparisons':
      return plural(prefixes, 'comparison');
    case 'trie':
      return `trie of ${plural(prefixes, 'prefix', 'prefixes')}, ${formatBytes(bytes)} in ${formatBytes(capacityBytes)}`;
  }
}
