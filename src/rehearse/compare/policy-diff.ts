import type { StageName } from '../../policy/checked.ts';
import type { VerdictChange } from '../report.ts';

/** What is different between two policies. */
export interface PolicyDiff {
  readonly rules: readonly RuleChange[];
  readonly sets: readonly SetChange[];
  /** `interfaces`, `chained`, `malformed`, `ingress.default`, `egress.default`. */
  readonly settings: readonly FieldChange[];
  /** Packets made from the rules of both that they treat differently. */
  readonly verdicts: readonly VerdictChange[];
}

/** Rules are the same one where they have the same name in the same stage; those without name, where they say the same. */
export interface RuleChange {
  /** `moved`: to the other side of a rule with another action, which may match the same packets. */
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  readonly stage: StageName;
  readonly rule: string;
  /** Where it stands in each policy; null where it does not. */
  readonly line: { readonly before: number | null; readonly after: number | null };
  /** Of a rule that is there in one only, all that it says. */
  readonly fields: readonly FieldChange[];
  /** Of one that moved: the first rule that it now stands on the other side of. */
  readonly past?: string;
}

/** In words; null where it is not said. */
export interface FieldChange {
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface SetChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly set: string;
  readonly fields: readonly FieldChange[];
}
