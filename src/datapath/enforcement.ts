import type { Problem } from '../diagnostics/problem.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import type { RuleCounter } from './counters.ts';
import type { MemberListing, NewMember } from './dynamic-sets.ts';
import type { UpdateOptions } from './enforce-options.ts';
import type { LogEvent } from './events.ts';
import type { Generation } from './generation.ts';
import type { InterfaceChange } from './interfaces-reconcile.ts';
import type { SetChange } from './live-sets.ts';
import type { Difference } from './observe.ts';
import type { Pending } from './standing.ts';
import type { GenerationState } from './state.ts';

/**
 * A policy in force on its interfaces, by this process. When the process is killed, the kernel goes on enforcing. All
 * of it works on the network namespace where the policy was put in force, wherever the thread is by then.
 */
export interface Enforcement {
  /** Those that it is attached to now. */
  readonly interfaces: GenerationState['interfaces'];
  /** Names and globs of the policy that no interface is there for. */
  readonly awaited: readonly string[];
  readonly warnings: readonly Problem[];
  readonly generation: Generation;
  counters(): RuleCounter[];
  /** Follows the files of the policy's sets from now on. */
  watchSets(onChange: (change: SetChange) => void): void;
  /**
   * Puts another version of the policy in the place of this one, without a packet in between. What did not change is not
   * built again: rules that keep their `match` object keep their places in the trees. Rules that keep stage and name go
   * on counting. On an error, the version before stays in force.
   * @throws as `enforce`; SluiceError datapath/change-pending
   */
  update(policy: CheckedPolicy, options?: UpdateOptions): void;
  /**
   * Adds members to a dynamic set, all or none, in a few microseconds each. They stay through new versions of the policy
   * and of the set's file. How many had not been added before.
   * @throws SluiceError datapath/set-not-dynamic, datapath/set-not-used, policy/unknown-set, policy/set-too-large,
   *   policy/bad-address, policy/host-bits, policy/bad-duration
   */
  addMembers(set: string, members: readonly NewMember[]): number;
  /**
   * Takes out what was added, all or none; what the policy lists as well stays. How many they were.
   * @throws SluiceError as `addMembers`, and datapath/not-a-member
   */
  removeMembers(set: string, prefixes: readonly string[]): number;
  /** What a set of the policy holds now. Takes a second for a million. */
  members(set: string): MemberListing[];
  /** What is not for good yet: it waits to be confirmed. */
  readonly pending: Pending | undefined;
  /**
   * A trial stays for good; what was observed is put in force.
   * @throws SluiceError datapath/nothing-pending
   */
  confirm(): void;
  /**
   * The generation before is whole in force again. Where this process has not built that one, or there is none, this
   * enforcement is gone with that.
   * @throws SluiceError datapath/nothing-pending
   */
  revert(): void;
  /** Of an observation: what would have been judged otherwise since it began. */
  differences(): Difference[];
  /** Hears of a trial or an observation that has ended by itself: the kernel has the generation before in force again. */
  onEnd(callback: (why: 'deadline') => void): void;
  /** Hears of the packets that `log` rules match: at first those that nobody has heard of yet. */
  onLog(onEvent: (event: LogEvent) => void): void;
  /**
   * Hears of interfaces of the policy: at first what nobody has heard of yet. Those that appear are attached, and those
   * that go are let go of, from the event loop, whether anybody listens or not.
   */
  onInterface(callback: (change: InterfaceChange) => void): void;
  /** Whether another process has taken the policy down, or has put another in its place. */
  isGone(): boolean;
  /** Whether nobody has taken it out of force, and its pins have gone all the same, and with them what is in force. */
  isLost(): boolean;
  /** Takes the policy out of force and leaves nothing behind. What another process put in force since stays. */
  stop(): void;
}
