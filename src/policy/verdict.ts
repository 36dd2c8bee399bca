import { Verdict } from '../generated/abi.ts';
import type { TerminalAction } from './checked.ts';

/** `enum verdict` of an action that ends a stage. */
export const verdictOf = { allow: Verdict.ALLOW, drop: Verdict.DROP, reject: Verdict.REJECT } as const satisfies Record<
  TerminalAction,
  number
>;
