import {
  type Absent,
  type ApplyStep,
  type Enforcement,
  endFoundTrial,
  enforce,
  examineInterfaces,
  type InterfaceChange,
  type LogEvent,
  openSetOverlay,
  type RuntimeMembers,
  type SetOverlay,
  takeDown,
  type UpdateOptions,
} from '../datapath/index.ts';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { createFeeds } from '../feeds/index.ts';
import { interfaceByIndex } from '../kernel/index.ts';
import type { CheckResult } from '../policy/check.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { examineText, type PolicyText } from '../policy/load.ts';

export type Checked = CheckResult & { readonly policy: CheckedPolicy };

/** What the daemon has in force, and the kernel for it. */
export interface InForce {
  /** Undefined where the daemon holds nothing: nothing is in force, or a process before it has left a trial. */
  readonly enforcement: Enforcement | undefined;
  /** The one that judges now, where the daemon has put it in force. */
  readonly policy: CheckedPolicy | undefined;
  /** The one that judges beside it and does nothing to packets. */
  readonly observed: CheckedPolicy | undefined;
  /** What was in force for good, where its pins have gone and nobody has taken it out of force. */
  readonly lost: Checked | undefined;
  /** What was added to dynamic sets, of this process or of those before it. */
  readonly runtime: RuntimeMembers;
  /** Sets whose files could not be followed, and what was added to sets and is not on disk. */
  readonly problems: readonly Problem[];
  /** @throws SluiceError with all that is wrong with it */
  check(policy: PolicyText): Checked;
  /**
   * What the policy would have to wait for.
   * @throws SluiceError kernel/interface-missing, kernel/interface-busy, datapath/not-ethernet where it may not wait
   */
  examineInterfaces(policy: CheckedPolicy, absent: Absent): readonly Problem[];
  /** Waits for interfaces that cannot be had, unless `absent` says otherwise. */
  put(checked: Checked, options: UpdateOptions): Swap;
  confirm(): void;
  revert(): void;
  /** The interfaces that were freed. */
  takeDown(): readonly string[];
}

export interface Swap {
  /** From the last moment that the policy before judges every packet to the first that the new one does. */
  readonly swapMs: number;
}

export interface InForceOptions {
  readonly generic?: boolean | undefined;
  /** The file of what is added to dynamic sets at run time. */
  readonly overlay: string;
  onSet(set: string, problems: readonly Problem[]): void;
  onLog(event: LogEvent): void;
  onInterface(change: InterfaceChange): void;
  /** A trial of this process has ended at its deadline. */
  onEnd(): void;
}

const NO_SETS: CheckedPolicy['sets'] = new Map();

export function createInForce({ generic, overlay, onSet, onLog, onInterface, onEnd }: InForceOptions): InForce {
  let enforcement: Enforcement | undefined;
  let added: SetOverlay | undefined;
  /** Of the policy in force, so that a version of it is built from what did not change. */
  let known: CheckResult | undefined;
  /** The same of the one before, while this one is pending: that one judges while this one is observed. */
  let knownBefore: CheckResult | undefined;
  let lost: CheckResult | undefined;
  const setProblems = new Map<string, readonly Problem[]>();
  const feeds = createFeeds({ sets: new Map(), onProblem: onSet });
  /** Of the policy that is in force for good, and of the one that was put in force last. */
  let settledSets = NO_SETS;
  let latestSets = NO_SETS;

  /** While a change is pending, both are fetched for: either may be in force at the next moment. */
  function keepFeeds(settled: CheckedPolicy['sets'], latest = settled): void {
    [settledSets, latestSets] = [settled, latest];
    feeds.update(settled, latest);
  }

  /** What another process has taken out of force is not this one's any more. */
  function held(): Enforcement | undefined {
    if (!enforcement?.isGone()) return enforcement;
    lost = enforcement.isLost() ? (enforcement.pending ? knownBefore : known) : undefined;
    letGo();
    return undefined;
  }

  function letGo(): void {
    enforcement?.stop();
    enforcement = undefined;
    known = undefined;
    setProblems.clear();
    keepFeeds(NO_SETS);
  }

  function runtime(): RuntimeMembers {
    added ??= openSetOverlay(overlay);
    return added.members;
  }

  function first(policy: CheckedPolicy, options: UpdateOptions): void {
    const own = { ...(generic && { generic }), runtimeMembers: runtime() };
    const fresh = enforce(policy, { ...options, ...own });
    enforcement = fresh;
    fresh.watchSets(({ set, problems }) => {
      if (problems.length > 0) setProblems.set(set, problems);
      else setProblems.delete(set);
      onSet(set, problems);
    });
    fresh.onLog(onLog);
    fresh.onInterface(onInterface);
    fresh.onEnd(() => {
      takeBack();
      onEnd();
    });
  }

  /** What was pending is given up. */
  function takeBack(): void {
    known = knownBefore;
    keepFeeds(settledSets);
  }

  /** What is observed is built anew, which may fail: then the one before goes on. */
  function confirmOwn(own: Enforcement): void {
    const wasPending = own.pending !== undefined;
    try {
      own.confirm();
    } catch (error) {
      if (wasPending && !own.pending) takeBack();
      throw error;
    }
  }

  return {
    get enforcement() {
      return held();
    },
    get policy() {
      const judging = held()?.pending?.kind === 'observation' ? knownBefore : known;
      return judging?.policy;
    },
    get observed() {
      return held()?.pending?.kind === 'observation' ? known?.policy : undefined;
    },
    get lost() {
      held();
      return lost?.policy && { ...lost, policy: lost.policy };
    },
    get runtime() {
      return runtime();
    },
    get problems() {
      return [...[...setProblems.values()].flat(), ...(added?.problems ?? [])];
    },
    check(text) {
      const before = known?.policy?.source.path === text.source.path ? known : undefined;
      const { policy, ...result } = examineText(text, before);
      if (!policy) throw new SluiceError(result.problems);
      return { ...result, policy };
    },
    examineInterfaces(policy, absent) {
      const own = held();
      const patterns = own ? [...(known?.policy?.interfaces ?? [])] : [];
      return examineInterfaces(policy, absent, { patterns, interfaces: own?.interfaces ?? [] });
    },
    put(checked, given) {
      const at = new Map<ApplyStep, number>();
      const options = {
        absent: 'wait' as const,
        ...given,
        onStep: (step: ApplyStep) => at.set(step, performance.now()),
      };
      const own = held();
      lost = undefined;
      if (own) own.update(checked.policy, options);
      else first(checked.policy, options);
      knownBefore = known;
      known = checked;
      const { sets } = checked.policy;
      keepFeeds(enforcement?.pending ? settledSets : sets, sets);
      return { swapMs: (at.get('switched') ?? 0) - (at.get('switch-attached') ?? 0) };
    },
    confirm() {
      const own = held();
      if (own) confirmOwn(own);
      else endFoundTrial('confirm');
      keepFeeds(latestSets);
    },
    revert() {
      const own = held();
      if (own) own.revert();
      else endFoundTrial('revert');
      takeBack();
      held();
    },
    takeDown() {
      const own = held();
      lost = undefined;
      // By the pins alone, where the record of it is damaged.
      if (!own) return takeDown()?.interfaces ?? [];
      const interfaces = own.interfaces.map(({ name, ifindex }) => interfaceByIndex(ifindex)?.name ?? name);
      letGo();
      return interfaces;
    },
  };
}
