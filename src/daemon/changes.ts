import type { Absent } from '../datapath/index.ts';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import type { PolicyText } from '../policy/load.ts';
import type { Applied, ApplyRequest, Guarded, RollbackRequest } from './answers.ts';
import { type DaemonContext, pendingNow, quietSituation, reverted, summaryOf } from './context.ts';
import { requireAsker } from './gone.ts';
import { revisionOf } from './history.ts';
import type { Checked } from './in-force.ts';
import { cutSessions, rehearseChange } from './rehearse.ts';
import { type Outcome, outcome, type Revision, type RevisionSummary, type Who } from './revision.ts';
import type { StartingUp } from './start-up.ts';

/** What changes what is in force; one at a time. See `Daemon`. */
export interface Changes {
  apply(request: ApplyRequest, who: Who): Promise<Applied>;
  confirm(request: Guarded, who: Who): Promise<RevisionSummary>;
  rollback(request: RollbackRequest, who: Who): Promise<Applied>;
  down(who: Who): readonly string[];
}

export function createChanges(context: DaemonContext, starting: StartingUp): Changes {
  const { history, inForce, place, emit } = context;

  function requireNothingPending(): void {
    starting.settle();
    const pending = pendingNow(context);
    if (!pending) return;
    const until = pending.deadline ? `; it rolls back by itself at ${pending.deadline.toISOString()}` : '';
    throw new SluiceError({
      code: 'daemon/unconfirmed',
      message: `${pending.policyPath} waits to be confirmed${until}`,
      help: '`sluice confirm` keeps it, `sluice rollback` gives it up; then apply again.',
    });
  }

  /** @throws SluiceError with what speaks against the change, unless it is forced */
  async function rehearsed(request: ApplyRequest, after: CheckedPolicy) {
    const { policy: before, runtime } = inForce;
    const rehearsal = await rehearseChange({ before, after, runtime, sessions: request.sessions ?? [] });
    return { rehearsal, doubts: unlessForced(rehearsal.problems, request) };
  }

  /** @throws SluiceError apply/cuts-ssh, unless it is forced */
  async function guarded(request: Guarded, after: CheckedPolicy): Promise<readonly Problem[]> {
    return unlessForced(await cutSessions(after, inForce.runtime, request.sessions ?? []), request);
  }

  /** Puts a policy in force as a new revision. The record is written before: a change is never without one. */
  function change(policy: PolicyText, checked: Checked, what: Revision['change'], who: Who, absent: Absent): Applied {
    const started = performance.now();
    const rules = countRules(checked.policy);
    const { observe = false, confirmMs } = what;
    const { source, evaluated } = policy;
    const { number } = history.add({
      time: new Date().toISOString(),
      who,
      change: what,
      policy: { ...source, ...(evaluated !== undefined && { evaluated }) },
      outcome: outcome('pending'),
      place: place,
    });
    let swapMs: number;
    try {
      const options = { absent, ...(observe && { observe }), ...(confirmMs !== undefined && { trialMs: confirmMs }) };
      ({ swapMs } = inForce.put(checked, options));
    } catch (error) {
      history.settle(number, failed(error));
      throw error;
    }
    // What the daemon was still trying is not wanted any more.
    starting.stop();
    context.startProblems = [];
    const enforcement = inForce.enforcement;
    const pending = enforcement?.pending;
    if (pending) context.waiting = number;
    else {
      context.current = number;
      history.settle(number, outcome('confirmed'));
    }
    const revision = summaryOf(context, number) as RevisionSummary;
    const interfaces = (pending ?? enforcement)?.interfaces.map(({ name, mode }) => ({ name, mode })) ?? [];
    emit(
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

  async function dryRun(request: ApplyRequest): Promise<Applied> {
    const started = performance.now();
    const { policy, problems } = inForce.check(request);
    const awaited = inForce.examineInterfaces(policy, absentOf(request));
    const { rehearsal, doubts } = await rehearsed(request, policy);
    const rules = countRules(policy);
    const interfaces = policy.interfaces.map((name) => ({ name }));
    const warnings = [...problems, ...awaited, ...doubts];
    return { rules, interfaces, warnings, totalMs: performance.now() - started, rehearsal };
  }

  async function apply(request: ApplyRequest, who: Who): Promise<Applied> {
    const started = performance.now();
    if (request.dryRun) return dryRun(request);
    requireNothingPending();
    const checked = inForce.check(request);
    // Said at once: a rehearsal takes its time.
    inForce.examineInterfaces(checked.policy, absentOf(request));
    const { rehearsal, doubts } = await rehearsed(request, checked.policy);
    await requireAsker(request.gone);
    const { observe, confirmMs, force } = request;
    const what = { ...(observe && { observe }), ...(confirmMs !== undefined && { confirmMs }) };
    const how = { kind: 'apply', ...what, ...(force && { forced: true }) } as const;
    const applied = change(request, checked, how, who, absentOf(request));
    const warnings = [...applied.warnings, ...doubts];
    return { ...applied, warnings, totalMs: performance.now() - started, rehearsal };
  }

  async function confirm(request: Guarded, who: Who): Promise<RevisionSummary> {
    starting.settle();
    // What is on trial judges already; what is observed only begins to.
    const { observed } = inForce;
    if (observed) await guarded(request, observed);
    try {
      inForce.confirm();
    } catch (error) {
      giveUpWaiting(error);
      throw error;
    }
    const { waiting } = context;
    if (waiting !== undefined) history.settle(waiting, outcome('confirmed', who));
    context.current = waiting;
    context.waiting = undefined;
    starting.adoptNow();
    const revision = summaryOf(context, context.current) as RevisionSummary;
    const interfaces = (inForce.enforcement?.interfaces ?? []).map(({ name }) => name);
    emit({ event: 'in-force', how: 'confirmed', revision, interfaces });
    return revision;
  }

  /** What was observed is built anew to be enforced: where that fails, it waits no more. */
  function giveUpWaiting(error: unknown): void {
    const { waiting } = context;
    if (waiting === undefined || pendingNow(context)) return;
    context.waiting = undefined;
    history.settle(waiting, failed(error));
    const revision = summaryOf(context, context.current);
    emit({ event: 'reverted', why: 'rolled-back', ...(revision && { revision }) });
  }

  async function rollback(request: RollbackRequest, who: Who): Promise<Applied> {
    const { to, force } = request;
    const started = performance.now();
    starting.settle();
    if (to !== undefined) requireNothingPending();
    if (to === undefined && pendingNow(context)) {
      inForce.revert();
      reverted(context, 'rolled-back', who);
      starting.adoptNow();
      const [revision, found] = [summaryOf(context, context.current), quietSituation()];
      return {
        ...(revision && { revision }),
        rules: found?.rules.length ?? 0,
        interfaces: (found?.interfaces ?? []).map(({ name, mode }) => ({ name, mode })),
        warnings: history.problems,
        totalMs: performance.now() - started,
      };
    }
    const number = to ?? revisionBefore(context);
    const { policy } = revisionOf(history, number);
    if (!policy) {
      const message = `revision ${number} took the policy out of force: it has none`;
      throw new SluiceError({ code: 'daemon/no-revision', message, help: '`sluice down` does the same again.' });
    }
    const { path, text, evaluated } = policy;
    const kept = { source: { path, text }, evaluated };
    const checked = inForce.check(kept);
    const doubts = await guarded(request, checked.policy);
    const how = { kind: 'rollback', to: number, ...(force && { forced: true }) } as const;
    // The way back must not be barred because an interface has gone.
    const applied = change(kept, checked, how, who, 'wait');
    return { ...applied, warnings: [...applied.warnings, ...doubts], totalMs: performance.now() - started };
  }

  function down(who: Who): readonly string[] {
    const wasInForce = isInForce(context);
    const interfaces = inForce.takeDown();
    if (context.waiting !== undefined) history.settle(context.waiting, outcome('rolled-back', who));
    context.current = undefined;
    context.waiting = undefined;
    context.startProblems = [];
    starting.stop();
    if (wasInForce || interfaces.length > 0) {
      const confirmed = outcome('confirmed');
      history.add({ time: confirmed.at, who, change: { kind: 'down' }, outcome: confirmed, place: place });
    }
    emit({ event: 'down', by: who, interfaces });
    return interfaces;
  }

  return { apply, confirm, rollback, down };
}

/** What is named and cannot be had is refused: a name that is mistyped would leave a host open. */
const absentOf = ({ wait }: ApplyRequest): Absent => (wait ? 'wait' : 'refuse-named');

const failed = (error: unknown): Outcome => ({
  ...outcome('failed'),
  reason: error instanceof SluiceError ? error.message : String(error),
});

/** What speaks against a change, as warnings where it is forced. @throws SluiceError with all of it, where it is not */
function unlessForced(problems: readonly Problem[], { force }: Guarded): readonly Problem[] {
  const isWrong = problems.some(({ severity }) => severity !== 'warning');
  if (isWrong && !force) throw new SluiceError(problems);
  return problems.map((one) => ({ ...one, severity: 'warning' as const }));
}

export const isInForce = ({ inForce }: DaemonContext): boolean =>
  inForce.enforcement !== undefined || quietSituation() !== undefined;

const countRules = ({ prefilter, ingress, egress }: CheckedPolicy): number =>
  prefilter.length + ingress.rules.length + egress.rules.length;

/** The revision that was in force before the current one. */
function revisionBefore({ history, current }: DaemonContext): number {
  const confirmed = history.revisions.filter(
    ({ outcome, path }) => outcome.state === 'confirmed' && path !== undefined,
  );
  const before = confirmed.findLast(({ number }) => current === undefined || number < current);
  if (before) return before.number;
  throw new SluiceError({
    code: 'daemon/no-revision',
    message: 'no other policy was in force before',
    help: '`sluice history` lists what can be gone back to, `sluice down` takes the policy out of force.',
  });
}
