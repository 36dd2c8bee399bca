import type { GenerationState } from './state.ts';

type Rules = GenerationState['rules'];

/**
 * The rules with the moments since when they count.
 * @param before the rules whose counts go on in rules of the same stage and name; none where all begin at zero
 */
export function withCountingSince(rules: Rules, before: Rules, now: string): Rules {
  const known = new Map(before.map(({ stage, name, since }) => [`${stage}/${name}`, since]));
  return rules.map((rule) => ({ ...rule, since: known.get(`${rule.stage}/${rule.name}`) ?? now }));
}

/** As rules are told apart: what came of them when does not matter. */
export const withoutSince = (rules: Rules): Rules =>
  rules.map(({ name, stage, line, action }) => ({ name, stage, line, action }));
