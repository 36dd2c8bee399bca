import type { CheckedPolicy, CheckedRule } from '../../policy/checked.ts';
import { exampleName, matchesAny } from '../../policy/interface-pattern.ts';
import type { Judgement } from '../../policy/model.ts';
import { createRandom, type Random } from '../../policy/random.ts';
import { allRules } from '../../policy/rule-place.ts';
import { rulesOnlyIn } from '../rule-content.ts';
import { backgroundPackets } from './background.ts';
import type { FilterSearch } from './filter-search.ts';
import type { MadePacket } from './made-packet.ts';
import { packetsForRule, type RulePackets } from './packets-for-rule.ts';

export type Side = 'before' | 'after';

/** One step of making packets. */
export interface MadeForRule extends RulePackets {
  /** Undefined: what hosts are sent every day. */
  readonly rule?: CheckedRule;
  readonly side: Side;
}

export interface PacketPlan {
  /** Rules that packets could be made for. */
  readonly rules: number;
  /** Those that they are made for. */
  readonly sampled: number;
  /** Makes them, rule by rule. */
  packets(judges: Readonly<Record<Side, (made: MadePacket) => Judgement | undefined>>): Generator<MadeForRule>;
}

/** Rules of a policy that packets are made for; the same packets come of the same policies. */
const MOST_RULES = 1000;
const SEED = 0x51_1c_e;
/** Packets at edges of rules, in all, and runs of tcpdump expressions. */
const MOST_EDGES = 3000;
const EDGES_A_RULE = 12;
const MOST_RUNS = 6000;

/**
 * Packets for the rules of `after`, and for those of `before` that `after` does not have. Of more than a thousand
 * rules a part is drawn, first from those that are only in one of the policies.
 */
export function planPackets(before: CheckedPolicy | undefined, after: CheckedPolicy): PacketPlan {
  const random = createRandom(SEED);
  const come = before ? rulesOnlyIn(after, before) : new Set<CheckedRule>();
  const gone = before ? [...rulesOnlyIn(before, after)] : [];
  const all = allRules(after);
  const chosen = {
    after: sample(all, come, random),
    before: sample(gone, new Set(), random),
  };
  const sampled = chosen.after.length + chosen.before.length;
  const search: FilterSearch = { runs: MOST_RUNS };
  const edges = Math.min(EDGES_A_RULE, Math.ceil(MOST_EDGES / Math.max(1, sampled)));
  return {
    rules: all.length + gone.length,
    sampled,
    *packets(judges) {
      for (const [side, policy] of [
        ['after', after],
        ['before', before],
      ] as const) {
        if (policy === undefined) continue;
        const making = { policy, random, judge: judges[side], search, edges };
        for (const rule of chosen[side]) yield { side, rule, ...packetsForRule(rule, making) };
      }
      // Last, for the packets of rules are better examples.
      for (const name of interfacesOf(before, after)) {
        yield { side: 'after', inside: [], edges: backgroundPackets(name) };
      }
    },
  };
}

const namesOf = (patterns: readonly string[]): string[] => patterns.flatMap((pattern) => exampleName(pattern) ?? []);

/** The first of `after`, and all that only one of them is for. */
function interfacesOf(before: CheckedPolicy | undefined, after: CheckedPolicy): readonly (string | undefined)[] {
  const was = namesOf(before?.interfaces ?? []);
  const are = namesOf(after.interfaces);
  const only = [
    ...was.filter((name) => !matchesAny(after.interfaces, name)),
    ...(before ? are.filter((name) => !matchesAny(before.interfaces, name)) : []),
  ];
  return [...new Set([are[0], ...only])];
}

/** At most `MOST_RULES`, in their order: the `preferred` ones before others. */
function sample(rules: readonly CheckedRule[], preferred: ReadonlySet<CheckedRule>, random: Random): CheckedRule[] {
  if (rules.length <= MOST_RULES) return [...rules];
  const first = draw(
    rules.filter((rule) => preferred.has(rule)),
    MOST_RULES,
    random,
  );
  const others = draw(
    rules.filter((rule) => !preferred.has(rule)),
    MOST_RULES - first.length,
    random,
  );
  return [...first, ...others].sort((a, b) => a.index - b.index);
}

/** Selection sampling (Knuth, volume 2, algorithm S): each is drawn with the same chance. */
function draw(rules: readonly CheckedRule[], count: number, random: Random): CheckedRule[] {
  let wanted = Math.min(count, rules.length);
  return rules.filter((_, place) => {
    const isDrawn = random(rules.length - place) < wanted;
    if (isDrawn) wanted--;
    return isDrawn;
  });
}
