import { join } from 'node:path';
import { type Pending, readSituation } from '../datapath/index.ts';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { PolicyText } from '../policy/load.ts';
import { changeMembers, type MembersRequest } from './change-members.ts';
import type { DaemonEvent } from './events.ts';
import { type History, openHistory, revisionOf } from './history.ts';
import { createInForce, type InForce } from './in-force.ts';
import { claimInstance } from './instance.ts';
import { describeLog } from './log-event.ts';
import { rehearseChange } from './rehearse.ts';
import { type Outcome, outcome, type Revision, type RevisionSummary, type Who } from './revision.ts';
import { startUp } from './start-up.ts';
import { putAside, stateFolder } from './state-folder.ts';
import { createTurns } from './turns.ts';

export interface DaemonOptions {
  /** Of this network namespace's history; by default below /var/lib/sluice. */
  readonly stateDir?: string | undefined;
  /** Generic XDP, where the driver has native XDP too. */
  readonly generic?: boolean | undefined;
  onEvent?(event: DaemonEvent): void;
}

export interface ApplyRequest extends PolicyText {
  readonly observe?: boolean | undefined;
  /** The change rolls back by itself after so long, unless it is confirmed. */
  readonly confirmMs?: number | undefined;
  /** Checked, compiled and verified, and nothing more. */
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
  /** SSH_CONNECTION of who asks. */
  readonly ssh?: string | undefined;
}

/** What came of an apply or a rollback. */
export interface Applied {
  /** Left out of a dry run, and where an apply was rolled back and nothing was in force before. */
  readonly revision?: RevisionSummary;
  readonly rules: number;
  readonly interfaces: readonly { readonly name: string; readonly mode?: 'native' | 'generic' }[];
  readonly warnings: readonly Problem[];
  readonly totalMs: number;
  readonly swapMs?: number;
  readonly pending?: Pending;
}

/** What only the daemon knows of what is in force; the rest is asked of the kernel, by whoever wants to know. */
export interface DaemonStatus {
  readonly pid: number;
  readonly since: Date;
  readonly stateDir: string;
  /** The one that is in force for good. */
  readonly revision?: RevisionSummary;
  /** The one that waits to be confirmed. */
  readonly waiting?: RevisionSummary;
  readonly pending?: Pending;
  readonly problems: readonly Problem[];
}

/** The daemon of the network namespace in which it was started. */
export interface Daemon {
  readonly socket: string;
  status(): DaemonStatus;
  /** @throws SluiceError with all that is wrong with the policy; daemon/unconfirmed; as `enforce` */
  apply(request: ApplyRequest, who: Who): Promise<Applied>;
  /** @throws SluiceError datapath/nothing-pending */
  confirm(who: Who): Promise<RevisionSummary>;
  /**
   * Without a number: what is pending is given up, else the revision before is in force again.
   * @throws SluiceError daemon/no-revision, daemon/unconfirmed
   */
  rollback(to: number | undefined, who: Who): Promise<Applied>;
  /** Takes what is in force out of force: the interfaces that were freed. */
  down(who: Who): Promise<readonly string[]>;
  history(): { readonly revisions: readonly RevisionSummary[]; readonly problems: readonly Problem[] };
  revision(number: number): Revision;
  changeMembers(request: MembersRequest): Promise<number>;
  /** Ends the daemon. The kernel goes on enforcing. */
  close(): void;
}

/** What the parts of the daemon work on. */
export interface DaemonContext {
  readonly history: History;
  readonly inForce: InForce;
  readonly place: string;
  /** Numbers of revisions: the one in force for good, and the one that waits. */
  current: number | undefined;
  waiting: number | undefined;
  /** What could not be done when the daemon started. */
  startProblems: readonly Problem[];
  emit(event: DaemonEvent): void;
}

/**
 * Makes this process the daemon of the thread's network namespace: adopts what is in force, or restores what was before
 * the machine started again.
 * @throws SluiceError daemon/already-running
 */
export function runDaemon({ stateDir, generic, onEvent = () => {} }: DaemonOptions): Daemon {
  const instance = claimInstance();
  const since = new Date();
  const folder = stateFolder(stateDir);
  const historyFolder = join(folder.path, 'history');
  let history = openHistory(historyFolder);
  if (folder.isReused && lastPlace(history) !== folder.place) {
    putAside(folder.path);
    history = openHistory(historyFolder);
  }
  const inTurn = createTurns();
  const inForce = createInForce({
    generic,
    overlay: join(folder.path, 'members'),
    onSet: (set, problems) => onEvent({ event: 'set', set, problems }),
    onLog: (event) => void describeLog(event).then(onEvent),
    onEnd: () => reverted('expired', 'deadline'),
  });
  const context: DaemonContext = {
    history,
    inForce,
    place: folder.place,
    current: undefined,
    waiting: undefined,
    startProblems: [],
    emit: onEvent,
  };
  const starting = startUp(context);
  if (history.problems.length > 0) onEvent({ event: 'problems', problems: history.problems });

  function reverted(state: Outcome['state'], why: 'deadline' | 'rolled-back', by?: Who): void {
    if (context.waiting !== undefined) history.settle(context.waiting, outcome(state, by));
    context.waiting = undefined;
    const revision = summary(context.current);
    onEvent({ event: 'reverted', why, ...(revision && { revision }) });
  }

  const summary = (number: number | undefined): RevisionSummary | undefined =>
    history.revisions.find((one) => one.number === number);

  function requireNothingPending(): void {
    starting.settle();
    const pending = pendingNow();
    if (!pending) return;
    const until = pending.deadline ? `; it rolls back by itself at ${pending.deadline.toISOString()}` : '';
    throw new SluiceError({
      code: 'daemon/unconfirmed',
      message: `${pending.policyPath} waits to be confirmed${until}`,
      help: '`sluice confirm` keeps it, `sluice rollback` gives it up; then apply again.',
    });
  }

  const pendingNow = (): Pending | undefined =>
    inForce.enforcement ? inForce.enforcement.pending : quietSituation()?.pending;

  /** Puts a policy in force as a new revision. The record is written before: a change is never without one. */
  function change(policy: PolicyText, what: Revision['change'], who: Who): Applied {
    const started = performance.now();
    const checked = inForce.check(policy);
    const rules =
      checked.policy.prefilter.length + checked.policy.ingress.rules.length + checked.policy.egress.rules.length;
    const { observe = false, confirmMs } = what;
    const { source, evaluated } = policy;
    const { number } = history.add({
      time: new Date().toISOString(),
      who,
      change: what,
      policy: { ...source, ...(evaluated !== undefined && { evaluated }) },
      outcome: outcome('pending'),
      place: folder.place,
    });
    let swapMs: number;
    try {
      const options = { ...(observe && { observe }), ...(confirmMs !== undefined && { trialMs: confirmMs }) };
      ({ swapMs } = inForce.put(checked, options));
    } catch (error) {
      const reason = error instanceof SluiceError ? error.message : String(error);
      history.settle(number, { ...outcome('failed'), reason });
      throw error;
    }
    context.startProblems = [];
    const enforcement = inForce.enforcement;
    const pending = enforcement?.pending;
    if (pending) context.waiting = number;
    else {
      context.current = number;
      history.settle(number, outcome('confirmed'));
    }
    const revision = summary(number) as RevisionSummary;
    const interfaces = (enforcement?.interfaces ?? []).map(({ name, mode }) => ({ name, mode }));
    onEvent(
      pending
        ? { event: 'pending', kind: pending.kind, revision }
        : {
            event: 'in-force',
            how: what.kind === 'rollback' ? 'rolled-back' : 'applied',
            revision,
            interfaces: interfaces.map(({ name }) => name),
          },
    );
    const warnings = [...checked.problems, ...(enforcement?.warnings ?? []), ...history.problems];
    const totalMs = performance.now() - started;
    return { revision, rules, interfaces, warnings, totalMs, swapMs, ...(pending && { pending }) };
  }

  function dryRun(request: ApplyRequest): Applied {
    const started = performance.now();
    const { policy, problems } = inForce.check(request);
    rehearseChange({ after: policy, ssh: request.ssh });
    const rules = policy.prefilter.length + policy.ingress.rules.length + policy.egress.rules.length;
    const interfaces = policy.interfaces.map((name) => ({ name }));
    return { rules, interfaces, warnings: problems, totalMs: performance.now() - started };
  }

  /** The revision that was in force before the current one. */
  function revisionBefore(): number {
    const confirmed = history.revisions.filter(
      ({ outcome, path }) => outcome.state === 'confirmed' && path !== undefined,
    );
    const before = confirmed.findLast(({ number }) => context.current === undefined || number < context.current);
    if (before) return before.number;
    throw new SluiceError({
      code: 'daemon/no-revision',
      message: 'no other policy was in force before',
      help: '`sluice history` lists what can be gone back to, `sluice down` takes the policy out of force.',
    });
  }

  return {
    socket: instance.socket,
    status() {
      starting.settle();
      const [revision, waiting, pending] = [summary(context.current), summary(context.waiting), pendingNow()];
      return {
        pid: process.pid,
        since,
        stateDir: folder.path,
        ...(revision && inForceAtAll() && { revision }),
        ...(waiting && { waiting }),
        ...(pending && { pending }),
        problems: [...context.startProblems, ...history.problems, ...inForce.problems],
      };
    },
    apply: (request, who) =>
      inTurn(() => {
        if (request.dryRun) return dryRun(request);
        requireNothingPending();
        const { observe, confirmMs, force } = request;
        const what = { ...(observe && { observe }), ...(confirmMs !== undefined && { confirmMs }) };
        return change(request, { kind: 'apply', ...what, ...(force && { forced: true }) }, who);
      }),
    confirm: (who) =>
      inTurn(() => {
        starting.settle();
        inForce.confirm();
        const { waiting } = context;
        if (waiting !== undefined) history.settle(waiting, outcome('confirmed', who));
        context.current = waiting;
        context.waiting = undefined;
        starting.adoptNow();
        const revision = summary(context.current) as RevisionSummary;
        const interfaces = (inForce.enforcement?.interfaces ?? []).map(({ name }) => name);
        onEvent({ event: 'in-force', how: 'confirmed', revision, interfaces });
        return revision;
      }),
    rollback: (to, who) =>
      inTurn(() => {
        const started = performance.now();
        starting.settle();
        if (to !== undefined) requireNothingPending();
        if (to === undefined && pendingNow()) {
          inForce.revert();
          reverted('rolled-back', 'rolled-back', who);
          starting.adoptNow();
          const [revision, found] = [summary(context.current), quietSituation()];
          return {
            ...(revision && { revision }),
            rules: found?.rules.length ?? 0,
            interfaces: (found?.interfaces ?? []).map(({ name, mode }) => ({ name, mode })),
            warnings: history.problems,
            totalMs: performance.now() - started,
          };
        }
        const number = to ?? revisionBefore();
        const { policy } = revisionOf(history, number);
        if (!policy) {
          const message = `revision ${number} took the policy out of force: it has none`;
          throw new SluiceError({ code: 'daemon/no-revision', message, help: '`sluice down` does the same again.' });
        }
        const { path, text, evaluated } = policy;
        return change({ source: { path, text }, evaluated }, { kind: 'rollback', to: number }, who);
      }),
    down: (who) =>
      inTurn(() => {
        const wasInForce = inForceAtAll();
        const interfaces = inForce.takeDown();
        if (context.waiting !== undefined) history.settle(context.waiting, outcome('rolled-back', who));
        context.current = undefined;
        context.waiting = undefined;
        context.startProblems = [];
        starting.stop();
        if (wasInForce) {
          const confirmed = outcome('confirmed');
          history.add({ time: confirmed.at, who, change: { kind: 'down' }, outcome: confirmed, place: folder.place });
        }
        onEvent({ event: 'down', by: who, interfaces });
        return interfaces;
      }),
    history: () => ({ revisions: history.revisions, problems: history.problems }),
    revision: (number) => revisionOf(history, number),
    changeMembers: (request) => inTurn(() => changeMembers(inForce.enforcement, request)),
    close() {
      starting.stop();
      instance.release();
    },
  };

  function inForceAtAll(): boolean {
    return inForce.enforcement !== undefined || quietSituation() !== undefined;
  }
}

/** What is in force by the kernel and the record of it; undefined too where that cannot be read. */
function quietSituation() {
  try {
    return readSituation().found;
  } catch {
    return undefined;
  }
}

function lastPlace(history: History): string | undefined {
  const last = history.revisions.at(-1);
  return last && history.read(last.number)?.place;
}
