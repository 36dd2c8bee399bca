import { openRehearsal, type Rehearsal, type RehearsalOptions } from '../datapath/rehearsal.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import type { Circumstances, Decision } from '../policy/decision.ts';
import { runTests, type TestResult } from '../policy-tests/run-tests.ts';
import type { TestFile } from '../policy-tests/test-file.ts';
import { judgePackets } from './judge-packets.ts';
import type { RehearsalReport } from './report.ts';
import { testProblems } from './test-problems.ts';

export interface RehearseInput {
  /** The policy in force; left out where there is none, and packets pass. */
  readonly before?: CheckedPolicy | undefined;
  readonly after: CheckedPolicy;
  /** The tests of `after`: those of `testsBeside` its file. */
  readonly tests?: readonly TestFile[];
  /** `after` as it is written, where it is given with what was added to its sets at run time: what the tests are about. */
  readonly written?: CheckedPolicy;
  /** As the policies are compiled to be enforced. */
  readonly multiBuffer?: boolean;
  /** Rehearsals that are open anyway: they are not built again, and not closed. */
  readonly open?: { readonly before?: Rehearsal; readonly after?: Rehearsal };
}

/**
 * Judges packets made from the rules of both policies by both of them, in the kernel, and by the reference model of
 * `after`, and runs the tests. Nothing is attached; needs the right to load programs.
 * @throws SluiceError where the kernel refuses one of the policies
 */
export function rehearse({
  before,
  after,
  tests = [],
  written = after,
  multiBuffer = false,
  open = {},
}: RehearseInput): RehearsalReport {
  const options: RehearsalOptions = { multiBuffer };
  const own: Rehearsal[] = [];
  const opened = (policy: CheckedPolicy, previous?: Rehearsal): Rehearsal => {
    const rehearsal = openRehearsal(
      policy,
      previous ? { ...options, previous: previous.generation.compiled } : options,
    );
    own.push(rehearsal);
    return rehearsal;
  };
  try {
    const judgeBefore = before && (open.before ?? opened(before));
    const judgeAfter = open.after ?? opened(after, judgeBefore);
    const judged = judgePackets({ before, after, judgeBefore: judgeBefore?.judge, judgeAfter: judgeAfter.judge });
    const judgeTests = written === after || tests.length === 0 ? judgeAfter : opened(written, judgeAfter);
    const results = runAll(tests, written, judgeTests.judge);
    return { ...judged, tests: results, problems: [...judged.problems, ...testProblems(results)] };
  } finally {
    for (const rehearsal of own) rehearsal.close();
  }
}

type JudgeFrame = (frame: Uint8Array, circumstances: Circumstances) => Decision;

const runAll = (tests: readonly TestFile[], policy: CheckedPolicy, judge: JudgeFrame): TestResult[] =>
  tests.flatMap((file) => runTests(file, policy, judge));
