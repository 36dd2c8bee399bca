import type { AddressMatch, CheckedPolicy, CheckedRule } from '../policy/checked.ts';
import type { Generation } from './generation.ts';
import { beginEpoch } from './tracking.ts';

/**
 * What these sets hold has changed: live connections that rules have judged by them are judged again at their next
 * packet, in all the generations that may judge.
 */
export function judgeAnew(generations: readonly Generation[], sets: ReadonlySet<string>): void {
  const begun = new Set<number>();
  for (const { compiled, maps } of generations) {
    const tracking = maps.all.get('tracking');
    const { policy } = compiled.plan;
    if (!tracking || !policy.connections || begun.has(tracking.id) || !asksForSets(policy, sets)) continue;
    beginEpoch(tracking);
    begun.add(tracking.id);
  }
}

/** Rules of `prefilter` see every packet anyway. */
function asksForSets({ ingress, egress }: CheckedPolicy, sets: ReadonlySet<string>): boolean {
  const names = (match: AddressMatch | undefined): string[] =>
    [...(match?.any ?? []), ...(match?.none ?? [])].flatMap((one) => (one.kind === 'set' ? [one.set] : []));
  const asks = ({ match }: CheckedRule): boolean =>
    [...names(match.from), ...names(match.to)].some((name) => sets.has(name));
  return [...ingress.rules, ...egress.rules].some(asks);
}
