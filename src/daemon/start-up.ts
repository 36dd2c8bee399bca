import {
  type FoundEnforcement,
  finishTakeDown,
  type LeftObservation,
  readSituation,
  type Situation,
  takeLeftObservation,
} from '../datapath/index.ts';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { PolicyText } from '../policy/load.ts';
import type { DaemonContext } from './context.ts';
import { outcome, type Revision, type RevisionSummary } from './revision.ts';

/** An interface that was not there yet when the machine started may be soon. */
const RETRY_MS = 2000;

/** What became of a revision, by how its change ended. */
const OUTCOMES = { deadline: 'expired', reverted: 'rolled-back', interrupted: 'interrupted' } as const;

const isOver = ({ time, change: { confirmMs } }: Revision): boolean =>
  confirmMs !== undefined && Date.parse(time) + confirmMs <= Date.now();

interface Observation {
  /** Of its revision. */
  readonly number: number;
  readonly policy: NonNullable<Revision['policy']>;
  readonly left: LeftObservation;
}

/** What a daemon still has to do since it has started. */
export interface StartingUp {
  /** A trial that the process before has left may have ended: adopts what is in force since. */
  settle(): void;
  /** The trial that the process before has left was ended just now. */
  adoptNow(): void;
  /** Gives up trying: somebody has said what is to be in force. */
  stop(): void;
}

/** Takes over what is in force here, or puts in force again what was before the machine's restart. */
export function startUp(context: DaemonContext): StartingUp {
  const { history, inForce, emit } = context;
  let timer: NodeJS.Timeout | undefined;
  let isLeftTrial = false;

  const lastConfirmed = (): RevisionSummary | undefined =>
    history.revisions.findLast(({ outcome: { state } }) => state === 'confirmed');
  const unsettled = (): RevisionSummary | undefined =>
    history.revisions.findLast(({ outcome: { state } }) => state === 'pending');

  function begin(): void {
    const situation = situationHere();
    const { found } = situation;
    if (found?.alive) throw ownedByAnother(found);
    if (found?.pending?.kind === 'trial') {
      leaveTrial(found);
      return;
    }
    const observation = leftObservation();
    if (observation) {
      goOnObserving(found, observation);
      return;
    }
    settleUnconfirmed(situation);
    if (found) adopt(found);
    else {
      finishTakeDown();
      restore();
    }
  }

  /**
   * What is in force; or was, where the kernel has lost it and the history says that it is of this network namespace: a
   * record alone may be of one that is gone, whose number this one has got.
   */
  function situationHere(): Situation {
    const situation = readSituation();
    const { found } = situation;
    if (!found || found.alive || found.interfaces.some(({ attached }) => attached)) return situation;
    const last = lastConfirmed();
    const record = last && history.read(last.number);
    const isOwn = record?.place === context.place && record.policy?.text === found.policy.text;
    return isOwn ? situation : { found: undefined };
  }

  /** What the process before was observing, where the history knows of it. */
  function leftObservation(): Observation | undefined {
    const one = unsettled();
    const record = one && history.read(one.number);
    if (!record?.change.observe || record.policy === undefined || record.place !== context.place) return undefined;
    const left = takeLeftObservation(record.policy);
    return left && { number: record.number, policy: record.policy, left };
  }

  /** Beside what is in force, which is adopted first; it goes on counting, until the same deadline. */
  function goOnObserving(found: FoundEnforcement | undefined, { number, policy, left }: Observation): void {
    try {
      if (found) adopt(found);
      const { path, text, evaluated } = policy;
      const checked = inForce.check({ source: { path, text }, evaluated });
      inForce.put(checked, { observe: true, resume: left });
    } catch (error) {
      const reason = error instanceof SluiceError ? error.message : String(error);
      history.settle(number, { ...outcome('interrupted'), reason });
      throw error;
    } finally {
      left.close();
    }
    context.waiting = number;
    const revision = history.revisions.find((one) => one.number === number);
    if (revision) emit({ event: 'pending', kind: 'observation', revision });
  }

  /** Whoever asked for it may still confirm it, or roll it back. */
  function leaveTrial({ pending }: FoundEnforcement): void {
    isLeftTrial = true;
    context.waiting = unsettled()?.number;
    context.current = lastConfirmed()?.number;
    const leftMs = pending?.deadline ? pending.deadline.getTime() - Date.now() : undefined;
    if (leftMs !== undefined) timer = setTimeout(settle, Math.max(leftMs, 0) + 50);
    const revision = unsettled();
    if (pending && revision) emit({ event: 'pending', kind: pending.kind, revision });
  }

  function settle(): void {
    if (!isLeftTrial) return;
    const situation = situationHere();
    const { found } = situation;
    if (found?.pending) return;
    isLeftTrial = false;
    clearTimeout(timer);
    context.waiting = undefined;
    attempt(() => {
      settleUnconfirmed(situation);
      if (found) adopt(found);
    });
  }

  /** What the process before it did not live to say of its last change. */
  function settleUnconfirmed({ found, ended }: Situation): void {
    const one = unsettled();
    const record = one && history.read(one.number);
    if (!record) return;
    const { path, text } = record.policy ?? {};
    const isEnded = ended?.path === path && ended !== undefined && ended.at >= record.time;
    const isLive = !found?.pending && found?.policy.path === path && found?.policy.text === text;
    const state = isEnded ? OUTCOMES[ended.why] : isLive ? 'confirmed' : isOver(record) ? 'expired' : 'interrupted';
    history.settle(record.number, outcome(state));
  }

  function adopt({ policy }: FoundEnforcement): void {
    const last = lastConfirmed();
    const record = last && history.read(last.number);
    const isKnown = record?.policy?.path === policy.path && record.policy.text === policy.text;
    const evaluated = isKnown ? record.policy?.evaluated : earlierEvaluation(policy);
    put({ source: policy, ...(evaluated !== undefined && { evaluated }) });
    context.current = isKnown ? record.number : addAdopted(policy, evaluated).number;
    tell('adopted');
  }

  /** A policy that is a program was run when it was applied: what it exported then is in force. */
  function earlierEvaluation(policy: { readonly path: string; readonly text: string }): unknown {
    for (const { number, path } of history.revisions.toReversed()) {
      if (path !== policy.path) continue;
      const record = history.read(number);
      if (record?.policy?.text === policy.text) return record.policy.evaluated;
    }
    return undefined;
  }

  function addAdopted(policy: { readonly path: string; readonly text: string }, evaluated: unknown): RevisionSummary {
    const confirmed = outcome('confirmed');
    return history.add({
      time: confirmed.at,
      change: { kind: 'adopt' },
      policy: { ...policy, ...(evaluated !== undefined && { evaluated }) },
      outcome: confirmed,
      place: context.place,
    });
  }

  function restore(): void {
    const last = lastConfirmed();
    const record = last && history.read(last.number);
    if (!record?.policy) return;
    if (record.place === context.place) {
      recordTakenDown();
      return;
    }
    const { path, text, evaluated } = record.policy;
    put({ source: { path, text }, evaluated });
    history.add(restored(record));
    context.current = history.revisions.at(-1)?.number;
    tell('restored');
  }

  const restored = ({ number, policy }: Revision): Parameters<typeof history.add>[0] => ({
    time: new Date().toISOString(),
    change: { kind: 'restore', to: number },
    ...(policy && { policy }),
    outcome: outcome('confirmed'),
    place: context.place,
  });

  /** The machine has not started again since: somebody took it down without a daemon, and it stays so. */
  function recordTakenDown(): void {
    const confirmed = outcome('confirmed');
    history.add({ time: confirmed.at, change: { kind: 'down' }, outcome: confirmed, place: context.place });
  }

  function put(policy: PolicyText): void {
    inForce.put(inForce.check(policy), {});
  }

  function tell(how: 'adopted' | 'restored'): void {
    const revision = history.revisions.find(({ number }) => number === context.current);
    const interfaces = (inForce.enforcement?.interfaces ?? []).map(({ name }) => name);
    if (revision) emit({ event: 'in-force', how, revision, interfaces });
  }

  /** What cannot be done now is told, and the daemon is there all the same: it is needed to mend it. */
  function attempt(action: () => void): void {
    try {
      action();
      context.startProblems = [];
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      const isNew = context.startProblems.length === 0;
      context.startProblems = error.problems;
      if (isNew) emit({ event: 'problems', problems: error.problems });
      if (error.problems.some(mayPass)) timer = setTimeout(() => attempt(begin), RETRY_MS);
    }
  }

  attempt(begin);
  return {
    settle,
    adoptNow() {
      if (!isLeftTrial) return;
      isLeftTrial = false;
      clearTimeout(timer);
      attempt(() => {
        const { found } = situationHere();
        if (found) adopt(found);
      });
    },
    stop: () => clearTimeout(timer),
  };
}

const mayPass = ({ code }: Problem): boolean =>
  code === 'kernel/interface-missing' || code === 'datapath/already-enforced';

function ownedByAnother({ pid, policy }: FoundEnforcement): SluiceError {
  return new SluiceError({
    code: 'datapath/already-enforced',
    severity: 'warning',
    message: `process ${pid} has ${policy.path} in force here: this daemon waits until it ends`,
    help: `End it, \`kill ${pid}\`, and the daemon takes over what is in force then.`,
  });
}
