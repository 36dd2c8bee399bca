import { type Command, Option } from 'commander';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { type Circumstances, type Direction, directions, verdictData } from '../../policy/decision.ts';
import { type AtOption, atOption } from '../at-option.ts';
import { answering, defineCommand } from '../define-command.ts';
import { interfaceOf, type Judge, openJudge } from '../judge.ts';
import { toJson } from '../output/answer.ts';
import { createLineWriter } from '../output/line-writer.ts';
import { readPolicy } from '../policy.ts';
import { comparisonAnswer, type Difference, differenceLine, differs } from '../replay/comparison.ts';
import { createPacketLines } from '../replay/packet-lines.ts';
import { eachPacket } from '../replay/packets.ts';
import { createTally, summaryOf } from '../replay/tally.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
With -o ndjson every packet gets a line:
  {"packet":1,"verdict":"drop","stage":"ingress","rule":"ssh","line":12,"reason":"rule"}
Where a default decided, rule is null, and line is the default's, or null where it is not written. Both are null where
the state of the packet decided.

Exit status: 0 all packets are judged (with --compare: alike), 1 not, 2 wrong use.`;

interface Options extends AtOption {
  readonly model?: boolean;
  readonly compare?: string;
  readonly direction: Direction;
  readonly interface?: string;
}

export function replayCommand(): Command {
  return defineCommand('replay', 'judge the packets of a capture file by a policy')
    .argument('<file>', 'the policy')
    .argument('<capture>', 'a pcap or pcapng file')
    .option('-c, --compare <file>', 'another policy: print the packets that it judges differently')
    .addOption(
      new Option('-d, --direction <direction>', 'which way the packets go').choices(directions).default('ingress'),
    )
    .option('-i, --interface <name>', "the interface that they pass (default: the policy's first)")
    .addOption(atOption('when the capture says'))
    .option('-m, --model', 'ask the reference model, which needs no root')
    .addHelpText('after', HELP)
    .action(answering(replay));
}

async function replay(session: Session, options: Options, path: string, capture: string): Promise<ExitCode> {
  const policy = await readPolicy(path);
  const judge = await openJudge(policy, options);
  try {
    const given = { policy, judge, circumstances: circumstancesFor(policy, options) };
    return options.compare === undefined
      ? await judgeAll(session, path, capture, given)
      : await compareWith(session, options, { path, capture, compare: options.compare }, given);
  } finally {
    judge.close();
  }
}

interface Given {
  readonly policy: CheckedPolicy;
  readonly judge: Judge;
  readonly circumstances: Circumstances;
}

function circumstancesFor(policy: CheckedPolicy, options: Options): Circumstances {
  const name = interfaceOf(policy, options.interface);
  return {
    direction: options.direction,
    ...(name !== undefined && { interface: name }),
    ...(options.at !== undefined && { timeMs: options.at }),
  };
}

async function judgeAll(session: Session, path: string, capture: string, given: Given): Promise<ExitCode> {
  const { policy, judge, circumstances } = given;
  const tally = createTally(policy);
  const lineOf = session.form === 'ndjson' ? createPacketLines(policy) : undefined;
  const lines = createLineWriter(session.write);
  const start = performance.now();
  const problems = await eachPacket(capture, ({ number, frame, ...seen }) => {
    const { wireLength } = seen;
    const decision = judge.judge(frame, { ...seen, ...circumstances });
    if (lineOf) return lines.add(lineOf(number, decision));
    tally.add(decision, wireLength);
    return undefined;
  });
  await lines.end();
  const entries = tally.entries();
  // A capture of which nothing could be read has no answer, only an error.
  if (!lineOf && (entries.length > 0 || problems.length === 0)) {
    const seconds = (performance.now() - start) / 1000;
    await session.print(summaryOf({ policy: path, capture, judgedBy: judge.kind, entries, seconds }));
  }
  await session.complain(problems);
  return problems.length === 0 ? 0 : 1;
}

interface Comparison {
  readonly path: string;
  readonly compare: string;
  readonly capture: string;
}

async function compareWith(session: Session, options: Options, files: Comparison, given: Given): Promise<ExitCode> {
  const [{ parseFrame }, { describePacket }] = await Promise.all([
    import('../../packet/parse.ts'),
    import('../../packet/describe.ts'),
  ]);
  const policy = await readPolicy(files.compare);
  const circumstances = circumstancesFor(policy, options);
  const other = await openJudge(policy, options);
  const lines = createLineWriter(session.write);
  const listed: Difference[] = [];
  let packets = 0;
  let differences = 0;

  const report = (difference: Difference): Promise<void> | undefined => {
    differences++;
    if (session.form === 'table') return lines.add(differenceLine(difference, session.paint));
    if (session.form === 'ndjson') return lines.add(`${toJson(difference)}\n`);
    listed.push(difference);
    return undefined;
  };

  try {
    const problems = await eachPacket(files.capture, ({ number, frame, ...seen }) => {
      packets++;
      const before = verdictData(given.judge.judge(frame, { ...seen, ...given.circumstances }), given.policy);
      const after = verdictData(other.judge(frame, { ...seen, ...circumstances }), policy);
      if (!differs(before, after)) return undefined;
      const description = describePacket(parseFrame(frame, { ifindex: 0, frameLength: seen.wireLength }));
      return report({ packet: number, description, before, after });
    });
    await lines.end();
    const summary = { before: files.path, after: files.compare, capture: files.capture, packets, differences };
    const answered = session.form !== 'ndjson' && (packets > 0 || problems.length === 0);
    if (answered) await session.print(comparisonAnswer(summary, listed));
    await session.complain(problems);
    return differences > 0 || problems.length > 0 ? 1 : 0;
  } finally {
    other.close();
  }
}
