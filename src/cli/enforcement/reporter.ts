import type { InterfaceChange } from '../../datapath/index.ts';
import type { Problem } from '../../diagnostics/problem.ts';
import type { CounterRow } from './counter-rows.ts';

/** What `sluice up` has to tell while it runs. */
export interface UpReporter {
  /** The policy is in force. */
  up(start: UpStart): Promise<void>;
  /** A `log` rule matched. */
  log(entry: LogEntry): Promise<void>;
  /** A set's file changed: the kernel has its content, or there are problems and it keeps the old. */
  set(change: { readonly set: string; readonly problems: readonly Problem[] }): Promise<void>;
  /** The policy's file changed: its new version is in force, or there are problems and the one before stays. */
  policy(change: PolicyChange): Promise<void>;
  /** An interface of the policy has appeared, gone, been renamed, or cannot be judged. */
  interface(change: InterfaceChange): Promise<void>;
  counters(rows: readonly CounterRow[], time: Date): Promise<void>;
  /** The policy is no longer in force. `rows` is how it ended, where that is known. */
  down(end: UpEnd): Promise<void>;
}

export interface UpStart {
  readonly policy: string;
  readonly interfaces: readonly { readonly name: string; readonly mode: 'native' | 'generic' | 'chained' }[];
  /** Names and globs that no interface is there for yet. */
  readonly awaited: readonly string[];
  readonly pid: number;
}

export interface PolicyChange {
  readonly policy: string;
  readonly rules: number;
  /** From the file's change being seen to its being in force. */
  readonly milliseconds: number;
  readonly problems: readonly Problem[];
}

export interface LogEntry {
  readonly time: Date;
  readonly rule: string;
  readonly line: number;
  /** In packet notation. */
  readonly packet: string;
}

export interface UpEnd {
  /** `signal`: this process was told to end. `taken-down`: another process ran `sluice down`. */
  readonly why: 'signal' | 'taken-down';
  readonly rows: readonly CounterRow[];
}
