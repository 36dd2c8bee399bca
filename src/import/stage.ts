import { defaultOf, flatten } from './flatten.ts';
import { type Keyed, mergeFamilies } from './merge.ts';
import { TooManyPieces } from './region.ts';
import type { BaseChain, ForeignRule, Loss, Ruleset } from './ruleset.ts';
import { type WrittenRule, writeRules } from './write-rule.ts';

/** What stands in a stage of the policy, line by line. */
export type StageItem = { readonly rule: WrittenRule } | { readonly loss: Loss } | { readonly remark: string };

export interface Stage {
  readonly items: readonly StageItem[];
  readonly default: 'allow' | 'drop';
}

/** Rules that a stage says something of. */
export type Told = Set<ForeignRule>;

const EVERY_ADDRESS = { 4: '0.0.0.0/0', 6: '::/0' } as const;

/**
 * A stage as a policy has it; undefined where the ruleset has no chain for it.
 *
 * @param told gets the rules that are in the stage, or listed there
 */
export function buildStage(ruleset: Ruleset, stage: BaseChain['stage'], told: Told): Stage | undefined {
  const bases = ruleset.bases.filter((base) => base.stage === stage);
  if (bases.length === 0) return undefined;
  const [only, other] = ([4, 6] as const).filter((family) => bases.some(({ families }) => families.includes(family)));
  if (only !== undefined && other === undefined) return oneFamily(ruleset, bases, told, only);
  const merged = mergeFamilies(itemsOf(ruleset, bases, told, 4), itemsOf(ruleset, bases, told, 6));
  const items = merged.map(({ item: { item }, of }) => (of === 'both' ? item : ofOneFamily(item, of === 'a' ? 4 : 6)));
  const [four, six] = [defaultOf(bases, 4), defaultOf(bases, 6)];
  const rest: StageItem[] = four === six ? [] : [{ rule: { from: EVERY_ADDRESS[6], action: six } }];
  return { items: [...items, ...rest], default: four };
}

/** The other family passes first, so that no rule has to say which it is about. */
function oneFamily(ruleset: Ruleset, bases: readonly BaseChain[], told: Told, family: 4 | 6): Stage {
  const [{ stage }] = bases as [BaseChain];
  const items = itemsOf(ruleset, bases, told, family).map(({ item }) => item);
  const decides = defaultOf(bases, family);
  if (stage === 'prefilter') return { items: items.map((item) => ofOneFamily(item, family)), default: decides };
  const other = family === 4 ? 6 : 4;
  const start: StageItem[] = [
    { remark: `The ruleset says nothing of IPv${other}: it passes, as before.` },
    { rule: { name: `ipv${other}-${stage === 'egress' ? 'out' : 'in'}`, from: EVERY_ADDRESS[other], action: 'allow' } },
  ];
  const idle = decides === 'allow' && !items.some((item) => 'rule' in item);
  return { items: idle ? items : [...start, ...items.map((item) => withNamedIcmp(item, family))], default: decides };
}

function itemsOf(
  ruleset: Ruleset,
  bases: readonly BaseChain[],
  told: Told,
  family: 4 | 6,
): (Keyed & { item: StageItem })[] {
  const [{ stage }] = bases as [BaseChain];
  const keyed = (item: StageItem) => ({
    key: JSON.stringify('loss' in item ? [item.loss.origin, item.loss.message] : item),
    item,
  });
  let flat: ReturnType<typeof flatten>;
  try {
    flat = flatten(ruleset, bases, family, (rule) => told.add(rule));
  } catch (error) {
    if (!(error instanceof TooManyPieces)) throw error;
    for (const rule of [...ruleset.chains.values()].flat()) told.add(rule);
    const message = `stage ${stage} would be more rules than Sluice writes: the chains call each other too often`;
    return [keyed({ loss: { code: 'import/not-carried', message } })];
  }
  return flat.flatMap((item) => {
    if ('loss' in item) return [keyed({ loss: item.loss })];
    const rules = writeRules(item, { stage, family, interfaces: ruleset.interfaces.names });
    if (rules.length > 0) return rules.map((rule) => keyed({ rule }));
    return [keyed({ remark: `left out, for it is about none of the interfaces above: ${item.origin}` })];
  });
}

/** A rule that says of which family its packets are, where nothing in it does. */
function ofOneFamily(unnamed: StageItem, family: 4 | 6): StageItem {
  const item = withNamedIcmp(unnamed, family);
  if (!('rule' in item)) return item;
  const { name, protocol, from, ...rest } = item.rule;
  const says = (addresses: unknown) => [addresses ?? []].flat().some((one) => !String(one).startsWith('!'));
  if (says(from) || says(rest['to']) || protocol === `icmpv${family}`) return item;
  const addresses = from === undefined ? EVERY_ADDRESS[family] : [EVERY_ADDRESS[family], ...[from].flat()];
  return {
    rule: {
      ...(name !== undefined && { name }),
      ...(protocol !== undefined && { protocol }),
      from: addresses,
      ...rest,
    },
  };
}

/** Within a family, its ICMP has a name; of both, protocol 1 is a number. */
function withNamedIcmp(item: StageItem, family: 4 | 6): StageItem {
  if (!('rule' in item) || item.rule['protocol'] === undefined) return item;
  const number = family === 4 ? '1' : '58';
  const named = (one: unknown) => {
    const [, not, protocol] = /^(!?)(.*)$/.exec(String(one)) ?? [];
    return protocol === number ? `${not}icmpv${family}` : one;
  };
  const protocol = item.rule['protocol'];
  return { rule: { ...item.rule, protocol: Array.isArray(protocol) ? protocol.map(named) : named(protocol) } };
}
