import { type Command, Option } from 'commander';
import { SluiceError } from '../../diagnostics/problem.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import type { CompileOptions } from '../../policy/compile.ts';
import { answering, defineCommand } from '../define-command.ts';
import { readPolicy } from '../policy.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Without options: the plan, rules that get no packet or overlap in part with opposite verdicts, and what the kernel makes of it (how rules are looked up and what that costs a packet,
programs, their instructions and verifier steps, maps).
That loads the programs, attached to nothing, and needs root. --plan and --bytecode do not.
By itself the compiler asks rules in the way that costs the expected packet least; "otherwise" is the other way's cost.

Exit status: 0 it is shown, 1 the policy has errors or the kernel refuses it, 2 wrong use.`;

interface Options {
  readonly plan?: boolean;
  readonly bytecode?: boolean;
  readonly structure?: 'straight' | 'trees';
}

export function explainCommand(): Command {
  return defineCommand('explain', 'show what a policy is compiled to')
    .argument('<file>', 'the policy')
    .option('-p, --plan', 'only the plan: rules in the order in which they are asked, and their sets')
    .option('-b, --bytecode', 'the generated eBPF, with labels and comments')
    .addOption(
      new Option('--structure <kind>', 'how to ask rules, whatever it costs: for experiments').choices([
        'straight',
        'trees',
      ]),
    )
    .addHelpText('after', HELP)
    .action(answering(explain));
}

async function explain(session: Session, { plan, bytecode, structure }: Options, path: string): Promise<ExitCode> {
  const policy = await readPolicy(path);
  const wanted = { plan: plan || !bytecode, programs: !plan && !bytecode, bytecode: bytecode === true };
  const how = structure ? { structure } : {};
  const parts = [
    ...(wanted.plan ? [await planPart(policy)] : []),
    ...(wanted.programs ? [await programsPart(policy, how)] : []),
    ...(wanted.bytecode ? [await bytecodePart(policy, how)] : []),
  ];
  await session.print({
    data: Object.assign({}, ...parts.map(({ data }) => data)) as unknown,
    text: (paint) => parts.map(({ text }) => text(paint)).join('\n'),
  });
  await session.complain(parts.flatMap((part) => ('warnings' in part ? part.warnings : [])));
  return 0;
}

type How = Pick<CompileOptions, 'structure'>;

async function planPart(policy: CheckedPolicy) {
  const [{ planPolicy }, { explainPlan }, { planText }, { explainRelations, relationsText }] = await Promise.all([
    import('../../policy/plan.ts'),
    import('../explain/plan.ts'),
    import('../explain/text.ts'),
    import('../explain/relations.ts'),
  ]);
  const data = { ...explainPlan(planPolicy(policy)), relations: explainRelations(policy) };
  const text = (paint: Session['paint']) => {
    const relations = relationsText(data.relations, paint);
    return `${planText(data, paint)}${relations === '' ? '' : `\n${relations}`}`;
  };
  return { data, text };
}

async function programsPart(policy: CheckedPolicy, how: How) {
  const [{ openRehearsal }, { programsText }, { explainStructures, structuresText }, { warnOfCost }] =
    await Promise.all([
      import('../../datapath/rehearsal.ts'),
      import('../explain/programs.ts'),
      import('../explain/structures.ts'),
      import('../../policy/warn-of-cost.ts'),
    ]);
  try {
    using rehearsal = openRehearsal(policy, how);
    const { compiled } = rehearsal.generation;
    const data = { lookups: explainStructures(compiled), ...rehearsal.inspect() };
    const text = (paint: Session['paint']) => `${structuresText(data.lookups, paint)}\n${programsText(data, paint)}`;
    return { data, text, warnings: warnOfCost(compiled) };
  } catch (error) {
    throw suggestPlan(error);
  }
}

async function bytecodePart(policy: CheckedPolicy, how: How) {
  const { listBytecode, bytecodeText } = await import('../explain/bytecode.ts');
  const data = { functions: listBytecode(policy, how) };
  return { data, text: (paint: Session['paint']) => bytecodeText(data.functions, paint) };
}

function suggestPlan(error: unknown): unknown {
  if (!(error instanceof SluiceError) || error.problems[0]?.code !== 'kernel/no-permission') return error;
  const help = 'run it as root, or with --plan, which needs no rights';
  return new SluiceError(
    error.problems.map((problem) => ({ ...problem, help })),
    { cause: error },
  );
}
