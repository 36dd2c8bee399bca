import type { Place, Problem } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import type { PacketSpec } from '../packet/spec.ts';
import type { TerminalAction } from '../policy/checked.ts';
import type { Direction } from '../policy/decision.ts';

/** A file of tests of a policy: `edge.test.yaml`. */
export interface TestFile {
  readonly source: SourceText;
  /** The policy's path: as written, from the file's folder. */
  readonly policy: string;
  /** Where the policy is named, or the whole file where it is not. */
  readonly policyPlace: Place;
  readonly tests: readonly PolicyTest[];
}

/** One packet and what the policy must do with it. */
export interface PolicyTest {
  /** As written, or the packet's notation. */
  readonly name: string;
  readonly place: Place;
  /** As written. */
  readonly notation: string;
  readonly packet: PacketSpec;
  readonly expect: TerminalAction;
  /** The rule that must decide, or null: none must. Left out: whoever. */
  readonly rule?: string | null;
  /** Where that is written. */
  readonly rulePlace?: Place;
  /** What must decide where no rule does: `default-ingress`, `truncated-tcp`. */
  readonly reason?: string;
  readonly direction: Direction;
  readonly interface?: string;
  /** When the packet passes, Unix time; left out: now. */
  readonly timeMs?: number;
}

export interface ReadTestFile {
  /** Undefined where the file has problems. */
  readonly file?: TestFile;
  readonly problems: readonly Problem[];
}
