import { isDeepStrictEqual } from 'node:util';
import type { SourceText } from '../diagnostics/source.ts';
import { type CheckOptions, type CheckResult, checkDocument, checkPolicy } from './check.ts';
import type { CheckedMatch, CheckedPolicy, CheckedRule } from './checked.ts';
import type { KeptRules, Path, PolicyDocument } from './parse/document.ts';
import { knownItems, type LeftOut, leaveOutKnown, type Shortened } from './parse/list-items.ts';
import { parseYaml } from './parse/yaml.ts';
import { allRules } from './rule-place.ts';

/** Fewer rules are checked sooner than compared. */
const MANY_RULES = 500;

const ruleLists = [
  ['prefilter', ['prefilter']],
  ['ingress', ['ingress', 'rules']],
  ['egress', ['egress', 'rules']],
] as const;

/**
 * As `checkPolicy`, of another version of a policy: the rules whose text is in both are neither parsed nor checked again,
 * and keep their `match`, so that what was compiled of it is not compiled again either. Whatever is not certain to come
 * to the same is checked as a whole.
 */
export function recheckPolicy(before: CheckResult, source: SourceText, options: CheckOptions = {}): CheckResult {
  const document = before.policy && documentWithKept(before.policy, source);
  const result = document && checkDocument(document, options);
  if (!before.policy || !result?.policy || result.scopeKey !== before.scopeKey) return checkPolicy(source, options);
  const kept = new Set(document?.kept?.flatMap(({ rules }) => rules.map(({ rule }) => rule.match)));
  return { ...result, policy: withKnownMatches(result.policy, before.policy, kept) };
}

/** The new version as a document in which the rules of the old one are left out; undefined where that is not certain. */
function documentWithKept(policy: CheckedPolicy, source: SourceText): PolicyDocument | undefined {
  const { prefilter, ingress, egress } = policy;
  const lists = [prefilter, ingress.rules, egress.rules];
  if (isJson(source) || isJson(policy.source) || lists.every(({ length }) => length < MANY_RULES)) return undefined;
  const shortened = leaveOutKnown(source.text, knownItems(policy.source.text, lists));
  // An alias that was left out could mean an anchor that was not.
  if (shortened.leftOut.length === 0 || /(^|[\s[{,])[&*]/m.test(shortened.text)) return undefined;
  const document = attempt(() => parseYaml({ ...source, text: shortened.text }));
  const kept = document && attach(document, shortened);
  return kept && withKept(document, source, shortened, kept);
}

const isJson = ({ path }: SourceText): boolean => path.toLowerCase().endsWith('.json');

/** What is wrong is told by the check of the whole. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** More rules that were checked again are not compared with more old ones. */
const MAX_COMPARED = 300;

/** Rules that were checked again, with the old `match` where it is the same: neighbours of what has changed, and the last. */
function withKnownMatches(
  policy: CheckedPolicy,
  before: CheckedPolicy,
  kept: ReadonlySet<CheckedMatch>,
): CheckedPolicy {
  const old = allRules(before).filter(({ match }) => !kept.has(match));
  if (old.length > MAX_COMPARED) return policy;
  const withKnown = (rules: readonly CheckedRule[]): CheckedRule[] =>
    rules.map((rule) => {
      if (kept.has(rule.match)) return rule;
      const same = old.find(({ match }) => isDeepStrictEqual(match, rule.match));
      return same ? { ...rule, match: same.match } : rule;
    });
  return {
    ...policy,
    prefilter: withKnown(policy.prefilter),
    ingress: { ...policy.ingress, rules: withKnown(policy.ingress.rules) },
    egress: { ...policy.egress, rules: withKnown(policy.egress.rules) },
  };
}

/** Puts what was left out where it was: between two rules that the parser has found on their lines, one behind the other. */
function attach(document: PolicyDocument, { leftOut, wholeLine }: Shortened<CheckedRule>): KeptRules[] | undefined {
  const places = new Map<number, { list: Path; position: number }>();
  for (const [, list] of ruleLists) {
    const rules = list.reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | null)?.[key],
      document.value,
    );
    if (!Array.isArray(rules)) continue;
    for (const position of rules.keys()) {
      places.set(wholeLine(document.place([...list, position]).line), { list, position });
    }
  }
  const kept = leftOut.flatMap(({ items, before, behind }: LeftOut<CheckedRule>): KeptRules[] => {
    const [front, back] = [places.get(before), places.get(behind)];
    if (front === undefined || back?.list !== front.list || back.position !== front.position + 1) return [];
    return [{ list: back.list, at: back.position, rules: items.map(({ item, line }) => ({ rule: item, line })) }];
  });
  return kept.length === leftOut.length ? kept : undefined;
}

/** Places by the positions that rules have in the whole list. */
function withKept(
  document: PolicyDocument,
  source: SourceText,
  { wholeLine }: Shortened<CheckedRule>,
  kept: readonly KeptRules[],
): PolicyDocument {
  return {
    source,
    value: document.value,
    kept,
    place(path, part) {
      const at = shortenedPath(path, kept);
      if ('rule' in at) return { source, line: at.line, column: at.rule.column, length: 1 };
      const place = document.place(at.path, part);
      return { ...place, source, line: wholeLine(place.line) };
    },
  };
}

/** The path in the shortened document, or the rule that was left out. */
function shortenedPath(path: Path, kept: readonly KeptRules[]): { path: Path } | KeptRules['rules'][number] {
  let missing = 0;
  for (const { list, at, rules } of kept) {
    const position = path[list.length];
    if (typeof position !== 'number' || !list.every((step, i) => path[i] === step)) continue;
    const first = at + missing;
    if (position < first) break;
    if (position < first + rules.length) return rules[position - first] as KeptRules['rules'][number];
    missing += rules.length;
  }
  if (missing === 0) return { path };
  const length = path[0] === 'prefilter' ? 1 : 2;
  return { path: [...path.slice(0, length), (path[length] as number) - missing, ...path.slice(length + 1)] };
}
