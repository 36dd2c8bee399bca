import type { FilterCompiler } from '../../kernel/libpcap.ts';
import type { AddressSet, NumberRange } from '../checked.ts';
import type { Report } from './report.ts';

/** The sets of a policy, by name. */
export interface SetTable {
  readonly addressSets: ReadonlyMap<string, AddressSet>;
  readonly portSets: ReadonlyMap<string, readonly NumberRange[]>;
  /** For each address set, those with a file or with records that it consists of: itself, and what it includes. */
  readonly fileSets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Sets that are written but wrong: a reference to one is not a second error. */
  readonly brokenSets: ReadonlySet<string>;
}

/** What a reference to a set is checked against, and where its problems go. */
export interface SetScope extends SetTable {
  readonly report: Report;
}

/** What a rule can refer to, and where its problems go. */
export interface Scope extends SetScope {
  readonly interfaces: readonly string[];
  /** libpcap, loaded when the first rule with a `filter` is met; undefined where the machine does not have it. */
  readonly loadFilterCompiler: () => FilterCompiler | undefined;
}

/** All names that `@` may be followed by, those of wrong sets too. */
export function setNames({ addressSets, portSets, brokenSets }: SetTable): string[] {
  return [...addressSets.keys(), ...portSets.keys(), ...brokenSets];
}
