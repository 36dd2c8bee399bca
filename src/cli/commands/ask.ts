import { type Command, Option } from 'commander';
import { printable } from '../../diagnostics/display-width.ts';
import { lineText } from '../../diagnostics/source.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { type Decision, type Direction, decidedAt, directions, verdictData } from '../../policy/decision.ts';
import { reasonInWords } from '../../policy/words/reason.ts';
import { type AtOption, atOption } from '../at-option.ts';
import { answering, defineCommand } from '../define-command.ts';
import { interfaceOf, openJudge } from '../judge.ts';
import type { Answer } from '../output/answer.ts';
import { type Paint, verdictStyles } from '../output/style.ts';
import { renderTable } from '../output/table.ts';
import { readPolicy } from '../policy.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
A packet is written PROTOCOL SOURCE > DESTINATION OPTIONS, in quotes for the shell's sake:
  sluice ask policy.yaml 'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S'
  sluice ask policy.yaml 'icmp6 2001:db8::1 > 2001:db8::2 echo-request ttl=3'
Options are flags, type, code, length, ttl, dscp, vlan, fragment, payload and interface.

Exit status: 0 the packet is allowed, 1 it is dropped or rejected (or the policy has errors), 2 wrong use.`;

interface Options extends AtOption {
  readonly model?: boolean;
  readonly direction: Direction;
  readonly interface?: string;
}

export function askCommand(): Command {
  return defineCommand('ask', 'say what a policy does with one packet, and by which line')
    .argument('<file>', 'the policy')
    .argument('<packet...>', 'the packet')
    .addOption(new Option('-d, --direction <direction>', 'which way it goes').choices(directions).default('ingress'))
    .option('-i, --interface <name>', "the interface that it passes (default: the policy's first)")
    .addOption(atOption('now'))
    .option('-m, --model', 'ask the reference model, which needs no root')
    .addHelpText('after', HELP)
    .action(answering(ask));
}

async function ask(session: Session, options: Options, path: string, words: readonly string[]): Promise<ExitCode> {
  const { parseNotation } = await import('../../packet/notation.ts');
  const spec = parseNotation(words.join(' '));
  const policy = await readPolicy(path);
  const [{ buildFrame }, { parseFrame }, { describePacket }] = await Promise.all([
    import('../../packet/build.ts'),
    import('../../packet/parse.ts'),
    import('../../packet/describe.ts'),
  ]);
  const frame = buildFrame(spec);
  const name = interfaceOf(policy, options.interface ?? spec.interface);
  const circumstances = {
    direction: options.direction,
    ...(name !== undefined && { interface: name }),
    ...(options.at !== undefined && { timeMs: options.at }),
  };
  const judge = await openJudge(policy, options);
  try {
    const decision = judge.judge(frame, circumstances);
    const packet = describePacket(parseFrame(frame, { ifindex: 0 }));
    await session.print(answerOf({ packet, policy, decision, judgedBy: judge.kind, ...circumstances }, session.width));
    return decision.verdict === 'allow' ? 0 : 1;
  } finally {
    judge.close();
  }
}

interface Question {
  readonly packet: string;
  readonly policy: CheckedPolicy;
  readonly decision: Decision;
  readonly judgedBy: 'kernel' | 'model';
  readonly direction: Direction;
  readonly interface?: string;
  readonly timeMs?: number;
}

function answerOf(question: Question, width: number): Answer {
  const { packet, policy, decision, judgedBy, direction } = question;
  const { mark, counted = [], logged = [] } = decision;
  const passed = { ...(mark !== 0 && { mark }), ...namesOf(policy, { counted, logged }) };
  return {
    data: {
      packet,
      direction,
      interface: question.interface ?? null,
      ...(question.timeMs !== undefined && { at: new Date(question.timeMs) }),
      ...verdictData(decision, policy),
      explanation: reasonInWords(decision, policy),
      ...passed,
      judgedBy,
    },
    text: (paint) => inWords(question, passed, paint, width),
  };
}

/** The names of the rules passed on the way, where there were any. */
function namesOf(policy: CheckedPolicy, passed: Readonly<Record<string, readonly number[]>>): Record<string, string[]> {
  const rules = [...policy.prefilter, ...policy.ingress.rules, ...policy.egress.rules];
  const named = Object.entries(passed).map(([key, ids]) => [key, ids.map((id) => rules[id]?.name ?? String(id))]);
  return Object.fromEntries(named.filter(([, names]) => (names as string[]).length > 0));
}

function inWords(
  { packet, policy, decision, judgedBy, ...question }: Question,
  passed: object,
  paint: Paint,
  width: number,
): string {
  const { verdict, rule, stage } = decision;
  const where = `${stage}${question.interface === undefined ? '' : `, on ${question.interface}`}`;
  const rows: string[][] = [
    ['because', reasonInWords(decision, policy)],
    ['stage', where],
    ...(question.timeMs === undefined ? [] : [['at', new Date(question.timeMs).toISOString()]]),
    ...(rule ? [['rule', rule.name]] : []),
    ...Object.entries(passed).map(([what, value]) => [what, Array.isArray(value) ? value.join(', ') : hex(value)]),
    ['asked', judgedBy === 'kernel' ? 'the compiled program, in the kernel' : 'the reference model'],
  ];
  const facts = rows.map(([what = '', value = '']) => [{ text: what, style: 'dim' as const }, value]);
  const headline = `${paint('bold', paint(verdictStyles[verdict], verdict))}  ${printable(packet)}\n`;
  const table = renderTable([{ head: '' }, { head: '' }], facts, paint, '  ');
  const place = decidedAt(decision, policy);
  return `${headline}\n${table}${place ? `\n${sourceLine(policy, place, paint, width)}` : ''}`;
}

const hex = (value: unknown): string => `0x${Number(value).toString(16)}`;

function sourceLine(
  { source }: CheckedPolicy,
  { line, column }: { readonly line: number; readonly column: number },
  paint: Paint,
  width: number,
): string {
  const place = `  ${paint('cyan', `${printable(source.path)}:${line}:${column}`)}\n`;
  const text = printable((lineText(source, line) ?? '').replaceAll('\t', '    '));
  const gutter = `  ${line} | `;
  const room = Math.max(20, width - gutter.length);
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return text.trim() === '' ? place : `${place}${paint('dim', gutter)}${shown}\n`;
}
