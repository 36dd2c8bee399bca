import type { Command } from 'commander';
import type { CheckedPolicy } from '../../policy/checked.ts';
import type { Impact } from '../../rehearse/index.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import { openJudge } from '../judge.ts';
import { problemsOf } from '../output/problems.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Rules are the same one where they have the same name in the same stage; those without a name, where they say the same.
A rule has moved where it stands on the other side of one with another action that may match the same packets.
With --impact, the connections that the policy in force tracks are judged by <after>, as they will be at their next packet:
of very many, 100,000.
Verdicts are compared with packets made from the rules of both, at their edges and within: an example of each change.

Exit status: 0 they are the same, 1 they are different, 2 wrong use, or a policy cannot be read.`;

interface Options extends NetnsOption {
  readonly model?: boolean;
  readonly impact?: boolean;
}

export function diffCommand(): Command {
  const command = defineCommand(
    'diff',
    'say what is different between two policies: rules, sets, defaults and verdicts',
  )
    .argument('<before>', 'a policy: a file, or the number of a revision that `sluice history` lists')
    .argument('<after>', 'another')
    .option('-m, --model', 'ask the reference model, which needs no root')
    .option('-i, --impact', 'say which live connections <after> would cut, and by which rule');
  return addNetnsOption(command).addHelpText('after', HELP).action(answering(diff));
}

/** As diff(1): what keeps an answer from being given is 2. */
async function diff(session: Session, options: Options, before: string, after: string): Promise<ExitCode> {
  try {
    return await compare(session, options, before, after);
  } catch (error) {
    await session.complain(problemsOf(error));
    return 2;
  }
}

async function compare(
  session: Session,
  { model = false, impact = false, netns }: Options,
  ...names: [string, string]
): Promise<ExitCode> {
  const [{ comparePolicies, isSame }, { resolvePolicy }, { diffAnswer }] = await Promise.all([
    import('../../rehearse/index.ts'),
    import('../diff/resolve-policy.ts'),
    import('../diff/answer.ts'),
  ]);
  if (netns !== undefined) await enterNetns({ netns });
  const before = await resolvePolicy(names[0]);
  const after = await resolvePolicy(names[1]);
  const judgeBefore = model ? undefined : await openJudge(before, {});
  const judgeAfter = model ? undefined : await openJudge(after, {});
  try {
    const judges = { judgeBefore: judgeBefore?.judge, judgeAfter: judgeAfter?.judge };
    const found = comparePolicies(before, after, judges);
    const cuts = impact ? await impactOf(after) : undefined;
    await session.print(diffAnswer(names, found, cuts));
    return isSame(found) ? 0 : 1;
  } finally {
    judgeBefore?.close();
    judgeAfter?.close();
  }
}

/** @throws SluiceError where nothing is in force, or tracks no connections */
async function impactOf(policy: CheckedPolicy): Promise<Impact> {
  const [{ openRehearsal }, { impactOn }, { findConnections }] = await Promise.all([
    import('../../datapath/index.ts'),
    import('../../rehearse/index.ts'),
    import('../connections/find.ts'),
  ]);
  using tables = (await findConnections()).tables;
  using rehearsal = openRehearsal(policy);
  return impactOn(tables, { policy, judge: rehearsal.judge });
}
