import type { Place } from '../../diagnostics/problem.ts';
import type { SourceText } from '../../diagnostics/source.ts';
import type { CheckedRule } from '../checked.ts';

/** Keys and list positions that lead from the whole policy to a value: `['ingress', 'rules', 3, 'port']`. */
export type Path = readonly (string | number)[];

/** A policy as data, before anything is known of its shape, with the way back from each value to its text. */
export interface PolicyDocument {
  readonly source: SourceText;
  /** Plain data, as `JSON.parse` would give it. */
  readonly value: unknown;
  /** Where the value at `path` (or the key that leads to it) is written; else what of the path is nearest to it. */
  place(path: Path, part?: 'key' | 'value'): Place;
  /** Rules that are not in `value`, since they were checked before. Positions in paths count them, too. */
  readonly kept?: readonly KeptRules[];
}

/** Rules of an earlier version of the policy that stand side by side in this one, unchanged. */
export interface KeptRules {
  /** The path of the list that they belong to. */
  readonly list: Path;
  /** The position in the list, as it is in `value`, of the rule behind them. */
  readonly at: number;
  readonly rules: readonly { readonly rule: CheckedRule /** Where it stands now. */; readonly line: number }[];
}
