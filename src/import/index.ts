import type { Problem } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { readIptables } from './iptables.ts';
import { readNftables } from './nftables.ts';
import { policyText, sentence } from './policy-text.ts';
import { reachableChains } from './reachable-chains.ts';
import { uniqueNames } from './rule-names.ts';
import type { Loss, Ruleset } from './ruleset.ts';
import { buildStage, type Told } from './stage.ts';
import { readUfw } from './ufw.ts';

export const importFormats = ['nftables', 'iptables', 'ufw'] as const;
export type ImportFormat = (typeof importFormats)[number];

export interface ImportOptions {
  /** What the policy is for. Left out: the interfaces that rules name. */
  readonly interfaces?: readonly string[];
}

export interface Imported {
  /** The policy in YAML. */
  readonly text: string;
  readonly rules: number;
  /** Warnings: what is not in the policy, or not the same. */
  readonly problems: readonly Problem[];
}

const READERS: Readonly<Record<ImportFormat, (source: SourceText, interfaces: readonly string[]) => Ruleset>> = {
  nftables: readNftables,
  iptables: readIptables,
  ufw: readUfw,
};

/** Writes the ruleset of another firewall as a policy. Throws a SluiceError where the text is no such ruleset. */
export function importRuleset(format: ImportFormat, source: SourceText, options: ImportOptions = {}): Imported {
  const ruleset = READERS[format](source, options.interfaces ?? []);
  const told: Told = new Set();
  const [prefilter, ingress, egress] = uniqueNames([
    buildStage(ruleset, 'prefilter', told),
    buildStage(ruleset, 'ingress', told),
    buildStage(ruleset, 'egress', told),
  ]);
  const losses = [...interfaceLoss(ruleset), ...ruleset.losses, ...unreachable(ruleset), ...idle(ruleset, told)];
  const stages = [prefilter, ingress, egress].filter((stage) => stage !== undefined);
  const items = stages.flatMap(({ items }) => items);
  const found = [...losses, ...items.flatMap((item) => ('loss' in item ? [item.loss] : []))];
  return {
    text: policyText({
      title: `From ${format}. Sluice judges packets one by one, fragments too; docs/import.md says what that changes.`,
      interfaces: ruleset.interfaces.names,
      sets: ruleset.sets,
      losses,
      prefilter,
      ingress,
      egress,
    }),
    rules: items.filter((item) => 'rule' in item).length,
    problems: [...new Map(found.map((loss) => [sentence(loss), problemOf(loss)])).values()],
  };
}

function problemOf(loss: Loss): Problem {
  const { code, place, help } = loss;
  return {
    code,
    severity: 'warning',
    message: sentence(loss),
    ...(place && { place }),
    ...(help !== undefined && { help }),
  };
}

function interfaceLoss({ interfaces: { given, names } }: Ruleset): Loss[] {
  if (given) return [];
  return [
    {
      code: 'import/interfaces',
      message: `nobody said which interfaces the policy is for: it is for ${names.join(', ')}`,
    },
  ];
}

/** Rules of which no stage says anything: nothing that they match gets to them. */
function idle(ruleset: Ruleset, told: Told): Loss[] {
  const reached = [...reachableChains(ruleset)].flatMap((key) => ruleset.chains.get(key) ?? []);
  return reached.flatMap((rule) => {
    if (told.has(rule)) return [];
    const { origin, place } = rule;
    const message = 'nothing that is carried over leads packets to it that it matches';
    return [{ code: 'import/not-carried' as const, message, origin, ...(place && { place }) }];
  });
}

function unreachable(ruleset: Ruleset): Loss[] {
  const reached = reachableChains(ruleset);
  return [...ruleset.chains].flatMap(([key, [first]]) => {
    if (!first || reached.has(key) || ruleset.losses.some(({ origin }) => first.origin.startsWith(`${origin}, `)))
      return [];
    const origin = first.origin.replace(/, rule \d+$/, '');
    return [{ code: 'import/not-carried' as const, message: 'nothing that is carried over calls it', origin }];
  });
}
