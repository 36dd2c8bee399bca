import type { CheckedPolicy, CheckedRule } from '../policy/checked.ts';
import { allRules } from '../policy/rule-place.ts';

/** The same text for what is the same in two policies. */
export function contentOf(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === 'bigint') return field.toString(36);
    return ArrayBuffer.isView(field) ? Array.from(field as Uint8Array).join() : field;
  });
}

/** The same text for rules that do the same in the same place of a policy, whatever their lines and numbers. */
export function ruleContent({ name, unnamed, index: _, line: __, column: ___, ...said }: CheckedRule): string {
  return contentOf([unnamed ? null : name, said]);
}

/** Whether two rules do the same in the same stage. */
export const sameRule = (a: CheckedRule, b: CheckedRule): boolean =>
  a.stage === b.stage && sameContent(a.action, b.action) && sameContent(a.match, b.match);

/** The rules of `policy` that `other` does not have, as they are or with a set that holds something else there. */
export function rulesOnlyIn(policy: CheckedPolicy, other: CheckedPolicy): ReadonlySet<CheckedRule> {
  const others = allRules(other);
  const named = new Map(others.map((rule) => [rule.name, rule]));
  const changed = changedSets(policy, other);
  const isKept = (rule: CheckedRule): boolean => {
    const twin = named.get(rule.name);
    return twin !== undefined && sameRule(rule, twin) && !namesAny(rule, changed);
  };
  const open = allRules(policy).filter((rule) => !isKept(rule));
  // Unnamed rules behind one that came or went have other names and are the same.
  const contents = new Set(open.some(({ unnamed }) => unnamed) ? others.map(ruleContent) : []);
  return new Set(open.filter((rule) => namesAny(rule, changed) || !rule.unnamed || !contents.has(ruleContent(rule))));
}

/** Whether two plain values are alike to the last byte. */
export function sameContent(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return sameBytes(a, b);
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => sameContent(a[name as keyof typeof a], b[name as keyof typeof b]));
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.byteLength !== b.byteLength) return false;
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

/** Names of sets that do not hold the same in both. */
export function changedSets(a: CheckedPolicy, b: CheckedPolicy): ReadonlySet<string> {
  const names = new Set([...a.sets.keys(), ...b.sets.keys()]);
  return new Set([...names].filter((name) => !sameContent(a.sets.get(name)?.ranges, b.sets.get(name)?.ranges)));
}

function namesAny({ match: { from, to } }: CheckedRule, sets: ReadonlySet<string>): boolean {
  if (sets.size === 0) return false;
  return [from, to].some((match) =>
    [...(match?.any ?? []), ...(match?.none ?? [])].some((operand) => operand.kind === 'set' && sets.has(operand.set)),
  );
}
