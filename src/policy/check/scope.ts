import type { AddressSet, NumberRange } from '../checked.ts';
import type { Report } from './report.ts';

/** What a rule can refer to, and where its problems go. */
export interface Scope {
  readonly report: Report;
  readonly interfaces: readonly string[];
  readonly addressSets: ReadonlyMap<string, AddressSet>;
  readonly portSets: ReadonlyMap<string, readonly NumberRange[]>;
  /** Sets that are written but wrong: a reference to one is not a second error. */
  readonly brokenSets: ReadonlySet<string>;
}

/** All names that `@` may be followed by. */
export function setNames(scope: Pick<Scope, 'addressSets' | 'portSets'>): string[] {
  return [...scope.addressSets.keys(), ...scope.portSets.keys()];
}
