import type { Command } from 'commander';
import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { TestResult } from '../../policy-tests/run-tests.ts';
import { answering, defineCommand } from '../define-command.ts';
import { openJudge } from '../judge.ts';
import { readPolicy } from '../policy.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
A test file stands beside its policy and says what must happen to packets. policy.test.yaml:
  policy: policy.yaml
  tests:
    - { packet: 'tcp 203.0.113.7:40000 > 192.0.2.10:22 flags=S', expect: allow, rule: ssh }
    - { packet: 'udp 192.0.2.10:53 > 198.51.100.7:53', direction: egress, expect: drop, reason: default-egress }
Further keys of a test: name, interface. "rule: null" says that no rule may decide. Without the key policy,
edge.test.yaml tests edge.yaml.

Exit status: 0 all tests pass, 1 not, 2 wrong use.`;

interface Options {
  readonly model?: boolean;
}

export function testCommand(): Command {
  return defineCommand('test', "run a policy's tests: packets that must be allowed or dropped, and by which rule")
    .argument('[dir]', 'a folder with *.test.yaml files in or below it, or one such file', '.')
    .option('-m, --model', 'ask the reference model, which needs no root')
    .addHelpText('after', HELP)
    .action(answering(test));
}

async function test(session: Session, options: Options, path: string): Promise<ExitCode> {
  const [{ findTestFiles }, { resultsAnswer }] = await Promise.all([
    import('../../policy-tests/find-test-files.ts'),
    import('../policy-tests/results.ts'),
  ]);
  const results: TestResult[] = [];
  let unreadable = 0;
  for (const file of findTestFiles(path)) {
    const outcome = await testFile(options, file);
    if ('problems' in outcome) {
      await session.complain(outcome.problems);
      unreadable++;
    } else {
      results.push(...outcome.results);
    }
  }
  await session.print(resultsAnswer(results, unreadable));
  return unreadable === 0 && results.every(({ passed }) => passed) ? 0 : 1;
}

type Outcome = { readonly results: readonly TestResult[] } | { readonly problems: readonly Problem[] };

/** A file with problems is reported, and does not keep the others from being run. */
async function testFile(options: Options, path: string): Promise<Outcome> {
  const [{ readTestFile }, { checkNames, policyPath, runTests }] = await Promise.all([
    import('../../policy-tests/read-test-file.ts'),
    import('../../policy-tests/run-tests.ts'),
  ]);
  const { file, problems } = readTestFile(path);
  if (!file) return { problems };
  try {
    const policy = await readPolicy(policyPath(file));
    const unknown = checkNames(file, policy);
    if (unknown.length > 0) return { problems: unknown };
    const judge = await openJudge(policy, options);
    try {
      return { results: runTests(file, policy, judge.judge) };
    } finally {
      judge.close();
    }
  } catch (error) {
    // No right to load programs is no fault of this file: the next would say the same.
    if (!(error instanceof SluiceError) || error.problems.some(({ code }) => code.startsWith('kernel/'))) throw error;
    return { problems: error.problems };
  }
}
