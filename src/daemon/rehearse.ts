import type { RuntimeMembers } from '../datapath/index.ts';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import type { Impact, RehearsalReport } from '../rehearse/index.ts';

export interface RehearsedChange {
  /** Left out where nothing is in force: packets pass. */
  readonly before?: CheckedPolicy | undefined;
  readonly after: CheckedPolicy;
  /** What dynamic sets hold besides what the policies list. */
  readonly runtime?: RuntimeMembers | undefined;
  /** SSH_CONNECTION of who asks, and of sessions that it has seen: they must not be cut. */
  readonly sessions: readonly string[];
}

/** What is to be known of a change before it is live. */
export interface Rehearsed {
  readonly report: RehearsalReport;
  /** Why it should not be put in force: a test that fails, a session that would be cut. */
  readonly problems: readonly Problem[];
  /** What becomes of live connections; left out where none are tracked. */
  readonly impact?: Impact;
  readonly tookMs: number;
}

/** Judges packets by both policies in the kernel, attached to nothing, runs the tests of the new one, and guards SSH. */
export async function rehearseChange({
  before: writtenBefore,
  after: written,
  runtime,
  sessions,
}: RehearsedChange): Promise<Rehearsed> {
  const started = performance.now();
  const [{ rehearse }, { testsBeside }, { withRuntimeMembers }] = await Promise.all([
    import('../rehearse/index.ts'),
    import('../policy-tests/tests-beside.ts'),
    import('../datapath/index.ts'),
  ]);
  const problems: Problem[] = [];
  const tests = collecting(problems, () => testsBeside(written)) ?? [];
  const before = writtenBefore && withRuntimeMembers(writtenBefore, runtime);
  const after = withRuntimeMembers(written, runtime);
  const report = rehearse({ before, after, tests, written });
  problems.push(...report.problems, ...(await cutSessions(written, runtime, sessions)));
  const impact = await impactOf(after);
  return { report, problems, ...(impact && { impact }), tookMs: performance.now() - started };
}

/** What the policy would do to the connections that the one in force tracks. */
async function impactOf(policy: CheckedPolicy): Promise<Impact | undefined> {
  const [{ impactOn }, { openRehearsal, readEnforcement }] = await Promise.all([
    import('../rehearse/index.ts'),
    import('../datapath/index.ts'),
  ]);
  using found = readEnforcement()?.connections();
  if (!found) return undefined;
  using rehearsal = openRehearsal(policy);
  return impactOn(found, { policy, judge: rehearsal.judge });
}

/** An error for each SSH connection that the policy would cut: of those that are open now, and those that were `said`. */
export async function cutSessions(
  written: CheckedPolicy,
  runtime: RuntimeMembers | undefined,
  said: readonly string[],
): Promise<readonly Problem[]> {
  const [{ cutsSsh, liveSshSessions, sshProblems }, { openRehearsal, withRuntimeMembers }] = await Promise.all([
    import('../rehearse/index.ts'),
    import('../datapath/index.ts'),
  ]);
  // Who asks may see more processes than a daemon with few rights, and the daemon those that came since.
  const sessions = liveSshSessions(said);
  if (sessions.length === 0) return [];
  const policy = withRuntimeMembers(written, runtime);
  using rehearsal = openRehearsal(policy);
  return sshProblems(policy, cutsSsh({ policy, judge: rehearsal.judge }, sessions));
}

function collecting<T>(problems: Problem[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
