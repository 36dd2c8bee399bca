import type { Command } from 'commander';
import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { answering, defineCommand } from '../define-command.ts';
import type { Answer } from '../output/answer.ts';
import { plural } from '../output/numbers.ts';
import { problemData } from '../output/problems.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Exit status: 0 the policy is in order (warnings are no errors), 1 it has errors, 2 wrong use.`;

export function checkCommand(): Command {
  return defineCommand('check', 'say whether a policy is in order, and what is wrong with it')
    .argument('<file>', 'the policy')
    .addHelpText('after', HELP)
    .action(answering(check));
}

async function check(session: Session, _options: object, path: string): Promise<ExitCode> {
  const { examinePolicy } = await import('../../policy/load.ts');
  const { policy, problems: found } = await examinePolicy(path);
  const { warnOfRelations } = await import('../../policy/relations/index.ts');
  const related = policy ? [...found, ...warnOfRelations(policy)] : found;
  const problems = policy && countRules(policy) > FEW_RULES ? [...related, ...(await costOf(policy))] : related;
  // In other forms the problems are part of the answer.
  if (session.form === 'table') await session.complain(problems);
  const inOrder = problems.every(({ severity }) => severity === 'warning') ? policy : undefined;
  await session.print(summary(path, problems, inOrder));
  return inOrder ? 0 : 1;
}

/** So many cost little whatever they are, and are not compiled to know it. */
const FEW_RULES = 200;

const countRules = ({ prefilter, ingress, egress }: CheckedPolicy): number =>
  prefilter.length + ingress.rules.length + egress.rules.length;

/** Warnings of rules that cost packets much, or the error that they are too many. */
async function costOf(policy: CheckedPolicy): Promise<readonly Problem[]> {
  const [{ compilePolicy }, { warnOfCost }] = await Promise.all([
    import('../../policy/compile.ts'),
    import('../../policy/warn-of-cost.ts'),
  ]);
  try {
    return warnOfCost(compilePolicy(policy));
  } catch (error) {
    if (error instanceof SluiceError) return error.problems;
    throw error;
  }
}

function summary(file: string, problems: readonly Problem[], policy: CheckedPolicy | undefined): Answer {
  const found = problems.map(problemData);
  const data = { file, ok: policy !== undefined, ...(policy && contents(policy)), problems: found };
  return {
    data,
    items: [...found, ...(policy ? [{ file, ok: true, ...contents(policy) }] : [])],
    text: (paint) => (policy ? `${paint('bold', file)}: ${paint('green', 'ok')}, ${inWords(policy)}\n` : ''),
  };
}

function contents({ interfaces, prefilter, ingress, egress, sets }: CheckedPolicy) {
  return {
    interfaces,
    rules: { prefilter: prefilter.length, ingress: ingress.rules.length, egress: egress.rules.length },
    addressSets: [...sets.keys()],
  };
}

function inWords(policy: CheckedPolicy): string {
  const { rules, addressSets } = contents(policy);
  const { prefilter, ingress, egress } = rules;
  const total = plural(prefilter + ingress + egress, 'rule');
  const perStage = `${prefilter} prefilter, ${ingress} ingress, ${egress} egress`;
  return `${total} (${perStage}), ${plural(addressSets.length, 'address set')}`;
}
