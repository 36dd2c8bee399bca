import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import { didYouMean } from '../../diagnostics/suggest.ts';
import type { FeedOutcome, FeedSet } from '../../feeds/index.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { answering, defineCommand } from '../define-command.ts';
import { feedsAnswer, outcomesAnswer } from '../enforcement/feed-table.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
  list     shows the feeds: members, when they were fetched, when they are due, and whether something is wrong.
  refresh  fetches all feeds now, or the one of a set.
  accept   lets the content through that is held back of a set's feed: what had lost too many members, say.

Of the policy in force, or of the one that --policy names. No process of Sluice has to run: the copies on disk are changed,
and a policy in force takes them as it takes the files of other sets, as long as \`sluice up\` or the daemon runs.

Exit status: 0 it is done, 1 a feed could not be fetched, is held back, or is not there, 2 wrong use.`;

const actions = ['list', 'refresh', 'accept'] as const;
type Action = (typeof actions)[number];

interface Options extends NetnsOption {
  readonly policy?: string;
}

export function feedsCommand(): Command {
  const command = defineCommand(
    'feeds',
    'show the feeds that sets are made of, fetch them, or accept what is held back',
  )
    .addArgument(new Argument('[action]', 'what to do').choices(actions).default('list'))
    .argument('[set]', 'one feed, by the name of its set')
    .option('-p, --policy <file>', 'the policy whose feeds are meant (default: the one in force)');
  return addNetnsOption(command).addHelpText('after', HELP).action(answering(feeds));
}

async function feeds(session: Session, options: Options, action: Action, name?: string): Promise<ExitCode> {
  if (action === 'accept' && name === undefined) {
    throw new SluiceError({ code: 'cli/usage', message: 'nothing is accepted without the name of a set' });
  }
  const { feedSets } = await import('../../feeds/index.ts');
  const all = feedSets((await policyOf(options)).sets);
  const chosen = name === undefined ? all : [feedOf(name.replace(/^@/, ''), all)];
  if (action === 'refresh') return refresh(session, chosen);
  if (action === 'accept') return accept(session, chosen[0] as FeedSet);
  const { feedStatus } = await import('../../feeds/index.ts');
  await session.print(feedsAnswer(chosen.map((set) => feedStatus(set))));
  return 0;
}

/** The policy named, else the one in force here: its sets as its text and the files that it names say them now. */
async function policyOf({ policy: path, ...options }: Options): Promise<CheckedPolicy> {
  const { loadPolicy } = await import('../../policy/load.ts');
  if (path !== undefined) return loadPolicy(path);
  const [{ readEnforcement }, { checkPolicy }] = await Promise.all([
    import('../../datapath/index.ts'),
    import('../../policy/check.ts'),
  ]);
  await enterNetns(options);
  const found = readEnforcement();
  if (!found) {
    const help = 'Name a policy: `sluice feeds --policy FILE`.';
    throw new SluiceError({ code: 'datapath/nothing-enforced', message: 'no policy is in force here', help });
  }
  // As it was named where that process was started.
  const { text, path: named } = found.policy;
  const source = { text, path: resolve(found.alive ? readlinkSync(`/proc/${found.pid}/cwd`) : '.', named) };
  // What a program makes of a policy is known by running it once more.
  if (!/\.(ya?ml|json)$/i.test(source.path)) return loadPolicy(source.path);
  const { policy, problems } = checkPolicy(source);
  if (!policy) throw new SluiceError(problems);
  return policy;
}

function feedOf(name: string, all: readonly FeedSet[]): FeedSet {
  const found = all.find((set) => set.name === name);
  if (found) return found;
  const names = all.map((set) => set.name);
  const help = didYouMean(name, names) ?? (names.length > 0 ? `there are ${names.join(', ')}` : 'the policy has none');
  throw new SluiceError({ code: 'policy/unknown-set', message: `no set "${name}" is made of a feed`, help });
}

async function refresh(session: Session, chosen: readonly FeedSet[]): Promise<ExitCode> {
  const { DEFAULT_LIMITS, fetchFeed } = await import('../../feeds/index.ts');
  const outcomes: FeedOutcome[] = await Promise.all(chosen.map((set) => fetchFeed(set, { limits: DEFAULT_LIMITS })));
  await session.print(outcomesAnswer(outcomes));
  const problems: readonly Problem[] = outcomes.flatMap((outcome) => outcome.problems);
  await session.complain(problems);
  return outcomes.some(({ kind }) => kind === 'failed' || kind === 'held') ? 1 : 0;
}

async function accept(session: Session, set: FeedSet): Promise<ExitCode> {
  const { acceptHeld, feedStatus } = await import('../../feeds/index.ts');
  acceptHeld(set);
  await session.print(feedsAnswer([feedStatus(set)]));
  return 0;
}
