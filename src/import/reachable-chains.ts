import type { Ruleset } from './ruleset.ts';

/** The keys of chains that packets of the policy's stages can come to. */
export function reachableChains({ bases, chains }: Ruleset): ReadonlySet<string> {
  const reached = new Set<string>();
  const next = bases.map(({ key }) => key);
  for (let key = next.pop(); key !== undefined; key = next.pop()) {
    if (reached.has(key)) continue;
    reached.add(key);
    for (const { steps } of chains.get(key) ?? []) {
      for (const { outcome } of steps) if (outcome && 'chain' in outcome) next.push(outcome.chain);
    }
  }
  return reached;
}
