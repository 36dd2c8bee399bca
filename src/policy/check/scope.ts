import type { AddressSet, NumberRange } from '../checked.ts';
import type { Report } from './report.ts';

/** What a rule can refer to, and where its problems go. */
export interface Scope {
  readonly report: Report;
  readonly interfaces: readonly string[];
  readonly addressSets: ReadonlyMap<string, AddressSet>;
  readonly portSets: ReadonlyMap<string, readonly NumberRange[]>;
  /** For each address set, those with a file that it consists of: itself, or what it includes. */
  readonly fileSets: ReadonlyMap<string, ReadonlySet<string>>;
  /** Sets that are written but wrong: a reference to one is not a second error. */
  readonly brokenSets: ReadonlySet<string>;
}

/** All names that `@` may be followed by, those of wrong sets too. */
export function setNames({ addressSets, portSets, brokenSets }: Omit<Scope, 'interfaces' | 'report'>): string[] {
  return [...addressSets.keys(), ...portSets.keys(), ...brokenSets];
}
