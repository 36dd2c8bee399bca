import type { Problem } from '../diagnostics/problem.ts';
import type { VerdictData } from '../policy/decision.ts';
import type { TestResult } from '../policy-tests/run-tests.ts';
import type { Example } from './packets/made-packet.ts';

/** What a rehearsal has found. */
export interface RehearsalReport {
  /** Packets that were made and judged by the compiled policies in the kernel. */
  readonly packets: number;
  /** How many of them the reference model judged as well, by `after`. */
  readonly judgedByModel: number;
  /** Rules of `after`, and of `before` those that `after` does not have. */
  readonly rules: number;
  /** For how many of them packets were made: all but where there are thousands. */
  readonly sampled: number;
  /** Rules of `after` that no packet was found for. */
  readonly withoutPacket: readonly RuleFinding[];
  /** Rules of `after` for which packets were made, none of which gets as far as to them. */
  readonly unreached: readonly RuleFinding[];
  /** Packets that `before` and `after` treat differently, by who decided. The most packets first. */
  readonly differences: readonly VerdictChange[];
  readonly tests: readonly TestResult[];
  /** Errors for which the policy should not be put in force: a disagreement of model and kernel, a test that failed. */
  readonly problems: readonly Problem[];
}

export interface RuleFinding {
  readonly rule: string;
  readonly stage: string;
  readonly line: number;
  /** Why, as the end of "because …". */
  readonly reason: string;
}

/** Packets that two policies treat differently, in the same way. */
export interface VerdictChange {
  readonly before: VerdictData;
  readonly after: VerdictData;
  readonly packets: number;
  readonly example: Example;
}
