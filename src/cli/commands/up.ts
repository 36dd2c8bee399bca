import { setTimeout } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Enforcement, LogEvent } from '../../datapath/index.ts';
import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { Feeds } from '../../feeds/index.ts';
import type { CheckResult } from '../../policy/check.ts';
import { answering, defineCommand } from '../define-command.ts';
import { type CounterRow, counterRows } from '../enforcement/counter-rows.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { UpEnd, UpReporter } from '../enforcement/reporter.ts';
import { examineWithWarnings } from '../policy.ts';
import type { ExitCode, Session } from '../session.ts';
import { untilToldToEnd } from '../signals.ts';

const HELP = `
Stays in the foreground and shows counters and the events of log rules; files of sets are followed, and with --watch the
policy's own: a version with errors is told and changes nothing. Interfaces that the policy is for are attached when
they appear, and let go of when they are gone; only at first it is an error where one is not there, unless with --wait. Feeds of sets are fetched when they are due. Ctrl-C, SIGTERM
and \`sluice down\` take the policy down. When the process is killed or an error ends it, the kernel goes on enforcing:
\`sluice status\` shows it, \`sluice up\` takes over, \`sluice down\` ends it.

Exit status: 0 the policy was taken down, 1 it could not be put in force or an error ended the process, 2 wrong use.`;

interface Options extends NetnsOption {
  readonly generic?: boolean;
  readonly interval?: number;
  readonly wait?: boolean;
  readonly watch?: boolean;
}

export function upCommand(): Command {
  const command = defineCommand('up', 'put a policy in force on its interfaces')
    .argument('<file>', 'the policy')
    .option('-g, --generic', 'use generic XDP, where the driver has native XDP too')
    .option('--wait', 'begin without interfaces that are not there, and attach to them as they appear')
    .option('-w, --watch', "follow the policy's file: put what it says in force when it changes")
    .addOption(
      new Option('--interval <seconds>', 'how often counters are shown (default: 1 on a terminal, else 10)').argParser(
        seconds,
      ),
    );
  return addNetnsOption(command).addHelpText('after', HELP).action(answering(up));
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 86_400)) throw new InvalidArgumentError('It has to be a number from 0.1 to 86400.');
  return value;
}

async function up(session: Session, options: Options, path: string): Promise<ExitCode> {
  const told = untilToldToEnd();
  const [checked, { enforce }] = await Promise.all([
    examineWithWarnings(session, path),
    import('../../datapath/index.ts'),
  ]);
  await enterNetns(options);
  await refuseBesideDaemon(path);
  const enforcement = enforce(checked.policy, {
    absent: options.wait ? 'wait' : 'refuse',
    ...(options.generic && { generic: true }),
  });
  const stop = onceOnly(enforcement.stop);
  // A reader that goes away ends the process orderly. An error does not: what protects a host must not fall with it.
  process.once('exit', (code) => {
    if (code === 0) stop();
  });
  try {
    const { why, reporter } = await follow(session, { path, checked, enforcement, told, ...options });
    const rows = rowsOf(enforcement);
    stop();
    await reporter.down({ why, rows });
    process.exit(0);
  } catch (error) {
    // Files and events that are listened to would keep the process, deaf to signals.
    const { problemsOf } = await import('../output/problems.ts');
    await session.complain(problemsOf(error));
    process.exit(1);
  }
}

/** The daemon may have nothing in force at this moment, and would find its place taken at the next apply. */
async function refuseBesideDaemon(path: string): Promise<void> {
  const { daemonHere } = await import('../../daemon/instance.ts');
  const pid = daemonHere();
  if (pid === undefined) return;
  throw new SluiceError({
    code: 'daemon/already-running',
    message: `process ${pid} is the daemon of this network namespace, and puts policies in force here`,
    help: `Give it the policy: \`sluice apply ${path}\``,
  });
}

interface Followed extends Options {
  readonly path: string;
  /** What is in force at first. */
  readonly checked: CheckResult;
  readonly enforcement: Enforcement;
  readonly told: Promise<'signal'>;
}

/** Shows what happens until the process is told to end or another has taken the policy down. */
async function follow(session: Session, followed: Followed): Promise<{ why: UpEnd['why']; reporter: UpReporter }> {
  const { path, enforcement, told, interval } = followed;
  const reporter = await createReporter(session);
  const interfaces = enforcement.interfaces.map(({ name, mode }) => ({ name, mode }));
  const { awaited } = enforcement;
  await reporter.up({ policy: path, interfaces, awaited, pid: process.pid });
  await session.complain(enforcement.warnings);
  await reportEvents(enforcement, reporter);
  const feeds = await keepFeeds(session, followed);
  if (followed.watch) await followPolicy(followed, reporter, feeds);
  const why = await watch({
    told,
    lost: enforcement.isGone,
    intervalMs: (interval ?? (session.interactive ? 1 : 10)) * 1000,
    show: () => reporter.counters(rowsOf(enforcement), new Date()),
  });
  return { why, reporter };
}

const rowsOf = (enforcement: Enforcement): CounterRow[] => counterRows(enforcement.counters());

function onceOnly(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

async function createReporter(session: Session): Promise<UpReporter> {
  if (session.form !== 'table') return (await import('../enforcement/data-reporter.ts')).createDataReporter(session);
  return session.interactive
    ? (await import('../enforcement/live-reporter.ts')).createLiveReporter(session)
    : (await import('../enforcement/line-reporter.ts')).createLineReporter(session);
}

async function reportEvents(enforcement: Enforcement, reporter: UpReporter): Promise<void> {
  const { describePacket } = await import('../../packet/describe.ts');
  enforcement.onLog(({ time, rule, packet }: LogEvent) => {
    void reporter.log({ time, rule: rule.name, line: rule.line, packet: describePacket(packet) });
  });
  enforcement.watchSets((change) => void reporter.set(change));
  enforcement.onInterface((change) => void reporter.interface(change));
}

/** Fetches the feeds of sets from now on; what comes in is followed as the file that it is. */
async function keepFeeds(session: Session, { checked, enforcement }: Followed): Promise<Feeds> {
  const { createFeeds } = await import('../../feeds/index.ts');
  return createFeeds({
    sets: checked.policy?.sets ?? new Map(),
    onProblem: (_set, problems) => void (enforcement.isGone() || session.complain(problems)),
  });
}

/** Puts each version of the policy's file in force that is without errors. */
async function followPolicy(
  { path, checked: first, enforcement }: Followed,
  reporter: UpReporter,
  feeds: Feeds,
): Promise<void> {
  const [{ examinePolicy }, { watchFiles }, { problemsOf }] = await Promise.all([
    import('../../policy/load.ts'),
    import('../../datapath/live-sets.ts'),
    import('../output/problems.ts'),
  ]);
  let checked = first;
  /** One version after the other. */
  let last = Promise.resolve();
  const update = async (): Promise<void> => {
    const started = performance.now();
    const result = await examinePolicy(path, checked);
    const { policy } = result;
    if (policy) checked = result;
    const problems = policy ? attempt(() => enforcement.update(policy)) : result.problems;
    if (policy && problems.length === 0) feeds.update(policy.sets);
    const rules = policy ? policy.prefilter.length + policy.ingress.rules.length + policy.egress.rules.length : 0;
    await reporter.policy({ policy: path, rules, milliseconds: Math.round(performance.now() - started), problems });
  };
  watchFiles([path], () => {
    last = last.then(update, update);
  });

  function attempt(action: () => void): readonly Problem[] {
    try {
      action();
      return [];
    } catch (error) {
      return problemsOf(error);
    }
  }
}

interface Watch {
  readonly told: Promise<'signal'>;
  /** Another process has taken the policy down, or has put another in force. */
  lost(): boolean;
  readonly intervalMs: number;
  show(): Promise<void>;
}

/** How long an end that another process has brought about may go unnoticed. */
const LOOK_INTERVAL_MS = 1000;

async function watch({ told, lost, intervalMs, show }: Watch): Promise<UpEnd['why']> {
  await show();
  let due = Date.now() + intervalMs;
  for (;;) {
    const pause = Math.max(0, Math.min(due - Date.now(), LOOK_INTERVAL_MS));
    if ((await firstOf(told, pause)) === 'signal') return 'signal';
    if (lost()) return 'taken-down';
    if (Date.now() < due) continue;
    await show();
    due += intervalMs;
  }
}

/** What `told` says, or undefined after `pauseMs`. No timer is left behind, which would keep the process alive. */
async function firstOf<T>(told: Promise<T>, pauseMs: number): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([told, setTimeout(pauseMs, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
