import { and, EVERYTHING, joined, type Match, not, ofFamily, type Region, TooManyPieces } from './region.ts';
import { NOT_SAID } from './rule-builder.ts';
import type { BaseChain, Effect, ForeignRule, Loss, Outcome, Ruleset } from './ruleset.ts';
import { NotSaid } from './value.ts';

/** One rule of the policy to be, or what was lost where it would stand. */
export type FlatItem =
  | {
      readonly match: Match;
      readonly action: Effect | { readonly kind: 'allow' | 'drop' | 'reject' };
      readonly name?: string;
      readonly origin: string;
    }
  | { readonly loss: Loss };

/** Chains that call each other deeper than this are a circle, which the kernel would not have taken. */
const DEEPEST = 32;

/** The bound on all of a stage: chains that are called often multiply. */
const MOST_RULES = 20_000;

interface Frame {
  readonly chain: string;
  readonly depth: number;
  /** Whether to accept is to go on with the next chain of the hook. */
  readonly acceptGoesOn: boolean;
}

/**
 * What the chains of a hook do to packets of a family, as one list in which the first rule that matches decides. A
 * chain that is called stands where the call was, each rule with the conditions of the call. Whoever returns is out of
 * reach of the rest of the chain; to accept, in all chains but the last, is to return from the whole of it.
 *
 * @param told is called with each rule that is in the list, or that decides which packets get to others, or is listed as lost
 */
export function flatten(
  ruleset: Ruleset,
  bases: readonly BaseChain[],
  family: 4 | 6,
  told: (rule: ForeignRule) => void,
): FlatItem[] {
  const items: FlatItem[] = [];
  const tellable: ForeignRule[] = [];
  const add = (item: FlatItem): void => {
    if (items.length >= MOST_RULES) throw new TooManyPieces();
    items.push(item);
  };

  /** Emits the rules of a chain for those in `reach`; returns those that were accepted and go on to the next chain of the hook. */
  function enter(frame: Frame, reach: Region): Region {
    let left = reach;
    let accepted: Region = [];
    for (const rule of ruleset.chains.get(frame.chain) ?? []) {
      const [start, startTold] = [items.length, tellable.length];
      try {
        if (rule.losses.length > 0 && concerns(rule, left)) {
          tellable.push(rule);
          for (const loss of rule.losses) add({ loss: { ...loss, ...originOf(rule) } });
        }
        const after = apply(rule, frame, left);
        left = after.left;
        accepted = [...accepted, ...after.accepted];
      } catch (error) {
        if (!(error instanceof NotSaid)) throw error;
        items.length = start;
        tellable.length = startTold;
        tellable.push(rule);
        add({ loss: { code: 'import/not-carried', message: NOT_SAID, ...originOf(rule) } });
      }
    }
    return accepted;
  }

  function apply(rule: ForeignRule, frame: Frame, before: Region): { left: Region; accepted: Region } {
    let left = before;
    let accepted: Region = [];
    const about = { origin: rule.origin, ...(rule.name !== undefined && { name: rule.name }) };
    for (const { region, effect, outcome } of rule.steps) {
      const hit = and(left, region);
      if (hit.length === 0) continue;
      tellable.push(rule);
      if (effect) for (const match of joined(hit)) add({ match, action: effect, ...about });
      if (!outcome) continue;
      if (outcome.kind === 'jump' || outcome.kind === 'goto') {
        if (frame.depth >= DEEPEST) throw new TooManyPieces();
        const inside = enter({ ...frame, chain: outcome.chain, depth: frame.depth + 1 }, hit);
        accepted = [...accepted, ...inside];
        if (outcome.kind === 'goto') left = and(left, not(hit));
        else if (inside.length > 0) left = and(left, not(inside));
      } else if (outcome.kind === 'return' || (outcome.kind === 'accept' && frame.acceptGoesOn)) {
        if (outcome.kind === 'accept') accepted = [...accepted, ...hit];
        left = and(left, not(region));
      } else for (const match of joined(hit)) add({ match, action: { kind: actionOf(outcome) }, ...about });
    }
    return { left, accepted };
  }

  const ordered = bases.filter(({ families }) => families.includes(family)).sort((a, b) => a.priority - b.priority);
  for (const [index, base] of ordered.entries()) {
    const acceptGoesOn = base.stage === 'prefilter' || index < ordered.length - 1;
    const reach = and(ofFamily(family), base.region ?? EVERYTHING);
    const accepted = enter({ chain: base.key, depth: 0, acceptGoesOn }, reach);
    if (!acceptGoesOn || base.policy === 'accept') continue;
    // Those that a rule returned go to the chain's policy, too: only what was accepted does not.
    const rest = and(reach, accepted.length > 0 ? not(accepted) : EVERYTHING);
    for (const match of joined(rest)) add({ match, action: { kind: 'drop' }, origin: `${base.title}, policy drop` });
  }
  for (const rule of tellable) told(rule);
  return items;
}

/** Whether it is about any of these packets, as far as that is known: of other families, nothing is said of it. */
const concerns = ({ steps }: ForeignRule, left: Region): boolean =>
  steps.length === 0 || steps.some(({ region }) => and(left, region).length > 0);

const originOf = ({ origin, place }: ForeignRule): Pick<Loss, 'origin' | 'place'> => ({
  origin,
  ...(place && { place }),
});

const actionOf = ({ kind }: Outcome) => (kind === 'drop' || kind === 'reject' ? kind : 'allow');

/** What becomes of packets of a family that no rule decides: the policy of the last chain. */
export function defaultOf(bases: readonly BaseChain[], family: 4 | 6): 'allow' | 'drop' {
  const ordered = bases.filter(({ families }) => families.includes(family)).sort((a, b) => a.priority - b.priority);
  return ordered.at(-1)?.policy === 'drop' ? 'drop' : 'allow';
}
