import type { AddressOperand } from '../../policy/checked.ts';
import type { LoweredRule, Test } from '../../policy/lower.ts';
import type { Plan } from '../../policy/plan.ts';
import { createSetTable, type SetTable } from '../../policy/tables.ts';
import { prefixes4, prefixes6 } from '../../prefix-set/prefixes.ts';

/** How the addresses of one family are looked for. */
export interface SetStructure {
  readonly structure: 'empty' | 'comparisons' | 'trie';
  readonly prefixes: number;
  /** Of the map that holds the trie: what is used, and what is set aside for changes. */
  readonly bytes?: number;
  readonly capacityBytes?: number;
}

/** A set of the policy, or a rule's own list that is too long to be compared. */
export interface ExplainedSet {
  /** Null for a rule's own list. */
  readonly name: string | null;
  readonly line: number;
  readonly file: string | null;
  /** Rules whose tests ask for it. */
  readonly usedBy: readonly string[];
  readonly v4: SetStructure;
  readonly v6: SetStructure;
}

export function explainSets({ policy, stages }: Plan): ExplainedSet[] {
  const table = createSetTable(policy.sets);
  const uses = stages.flatMap(({ rules }) => rules.flatMap(usesOf));
  const named = [...policy.sets.values()].map(({ name, line, file }): ExplainedSet => {
    const users = uses.filter(({ operand }) => operand.kind === 'set' && operand.set === name);
    const operand = { kind: 'set', set: name } as const;
    const usedBy = [...new Set(users.map(({ rule }) => rule.rule.name))];
    return { name, line, file: file ?? null, usedBy, ...structures(table, operand) };
  });
  const lists = uses
    .filter(({ operand }) => operand.kind === 'ranges')
    .map(({ rule, operand }): ExplainedSet => {
      const usedBy = [rule.rule.name];
      return { name: null, line: rule.rule.line, file: null, usedBy, ...structures(table, operand) };
    })
    .filter(({ v4, v6 }) => v4.structure === 'trie' || v6.structure === 'trie');
  return [...named, ...lists];
}

interface Use {
  readonly rule: LoweredRule;
  readonly operand: AddressOperand;
}

function usesOf(rule: LoweredRule): Use[] {
  return operandsOf(rule.tests).map((operand) => ({ rule, operand }));
}

function operandsOf(tests: readonly Test[]): AddressOperand[] {
  return tests.flatMap((test) => {
    if (test.kind === 'address') return [...test.match.any, ...test.match.none];
    return test.kind === 'by-family' ? operandsOf([...test.v4, ...test.v6]) : [];
  });
}

function structures(table: SetTable, operand: AddressOperand) {
  const ranges = table.ranges(operand);
  const counts = { v4: prefixes4(ranges).length, v6: prefixes6(ranges).length };
  const of = (family: 'v4' | 'v6'): SetStructure => {
    const found = table.find(operand, family);
    const prefixes = counts[family];
    if (found === 'empty') return { structure: 'empty', prefixes };
    if (found === 'inline') return { structure: 'comparisons', prefixes };
    return { structure: 'trie', prefixes, bytes: found.words.byteLength, capacityBytes: found.capacity * 8 };
  };
  return { v4: of('v4'), v6: of('v6') };
}
