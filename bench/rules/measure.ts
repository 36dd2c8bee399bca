import { stringify } from 'yaml';
import { buildGeneration, type Generation } from '../../src/datapath/generation.ts';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { SluiceError } from '../../src/diagnostics/problem.ts';
import { FIRST_RULE } from '../../src/generated/abi.ts';
import { readProgramInfo } from '../../src/kernel/index.ts';
import { checkPolicy } from '../../src/policy/check.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { type CompileOptions, compilePolicy } from '../../src/policy/compile.ts';
import { createRandom, createScan, drawHeaders, toPolicyRules } from '../../src/policy/testing/classbench.ts';
import { frameOf } from '../../src/policy/testing/header-frames.ts';
import { type Sample, sampleOf } from '../results.ts';
import { COLD, createHeaderArray, HOT } from './harness.ts';
import type { MeasuredList } from './lists.ts';

export interface RuleCost {
  readonly id: string;
  readonly title: string;
  readonly rules: number;
  readonly source: string;
  /** Nanoseconds of a whole verdict over the harness: parse, classify, count. */
  readonly cold: Sample;
  readonly hot: Sample;
  /** The same without what a policy of no rules takes. */
  readonly coldOfRules: Sample;
  /** Of trees, bytes. */
  readonly memory: number;
  /** Instructions that the verifier followed, of a million, in the program where they are most. */
  readonly verified: number;
  readonly seconds: { readonly check: number; readonly compile: number; readonly load: number };
  /** Headers asked of the kernel and of a linear scan, and how often they did not agree. */
  readonly compared: number;
  readonly disagreements: number;
}

/** A few nanoseconds decide where rules are few: noise must not. */
const roundsFor = (rules: number): number => (rules <= 1_000 ? 21 : 11);
/** Comparisons of a rule and a header that the linear scan may make. */
const SCANNED = 3e8;

export type MeasureOptions = Pick<CompileOptions, 'structure'>;

/**
 * What rules cost, and whether they are judged right. Lists that are measured together take turns, so that what else the
 * machine does hits all alike: their ratio is worth more than their numbers.
 */
export function measureRules(lists: readonly MeasuredList[], options: MeasureOptions = {}): RuleCost[] {
  const subjects: Subject[] = [];
  try {
    for (const list of lists) subjects.push(prepare(list, options));
    const rounds = roundsFor(Math.max(...lists.map(({ rules }) => rules.length)));
    for (let round = 0; round < rounds; round++) for (const subject of subjects) subject.measure();
    return subjects.map((subject) => subject.cost());
  } finally {
    for (const subject of subjects) subject.close();
  }
}

/** A list in the kernel. */
interface Subject {
  /** One round. */
  measure(): void;
  /** Of all rounds. */
  cost(): RuleCost;
  close(): void;
}

function prepare(list: MeasuredList, options: MeasureOptions): Subject {
  const { id, title, family, rules, source } = list;
  const text = policyText(list);
  const [policy, check] = timed(() => checked(id, text));
  const [compiled, compile] = timed(() => compilePolicy(policy, { ...options }));
  const [generation, load] = timed(() => buildGeneration(compiled));
  const headers = drawHeaders(rules, family === 'v4' ? 32 : 128, COLD, createRandom(7));
  const array = createHeaderArray(headers, family);
  const nothing = emptyGeneration();
  const [cold, hot, coldOfRules]: [number[], number[], number[]] = [[], [], []];
  return {
    measure() {
      const ns = array.measure(generation.xdp, COLD);
      cold.push(ns);
      coldOfRules.push(ns - array.measure(nothing.xdp, COLD));
      hot.push(array.measure(generation.xdp, HOT));
    },
    cost: () => ({
      id,
      title,
      rules: rules.length,
      source,
      cold: sampleOf(cold),
      hot: sampleOf(hot),
      coldOfRules: sampleOf(coldOfRules),
      memory: compiled.tables.reduce((sum, { capacity }) => sum + capacity * 8, 0),
      verified: Math.max(...generation.programs.map(({ program }) => readProgramInfo(program).verifiedInstructions)),
      seconds: { check, compile, load },
      ...compareWithScan(list, policy, headers, options),
    }),
    close() {
      for (const one of [array, generation, nothing]) one.close();
    },
  };
}

function compareWithScan(
  { rules, family }: MeasuredList,
  policy: CheckedPolicy,
  headers: ReturnType<typeof drawHeaders>,
  options: Pick<CompileOptions, 'structure'>,
): Pick<RuleCost, 'compared' | 'disagreements'> {
  const scan = createScan(rules, family === 'v4' ? 32 : 128);
  const compared = Math.min(20_000, Math.floor(SCANNED / rules.length));
  using rehearsal = openRehearsal(policy, options);
  let disagreements = 0;
  for (const header of headers.slice(0, compared)) {
    const rule = scan(header);
    const { id } = rehearsal.judge(frameOf(header, family));
    const judged = id >= FIRST_RULE ? id - FIRST_RULE : undefined;
    if (judged !== rule) disagreements++;
  }
  return { compared, disagreements };
}

/** The list as a policy file. */
export function policyText({ rules, family }: MeasuredList): string {
  const policy = {
    version: 1,
    interfaces: ['eth0'],
    ingress: { default: 'drop', rules: toPolicyRules(rules, family) },
  };
  return stringify(policy, { aliasDuplicateObjects: false });
}

function emptyGeneration(): Generation {
  const policy = checked('empty', 'version: 1\ninterfaces: [eth0]\ningress: { default: drop }\n');
  return buildGeneration(compilePolicy(policy));
}

function checked(path: string, text: string): CheckedPolicy {
  const { policy, problems } = checkPolicy({ path: `${path}.yaml`, text });
  if (policy === undefined) throw new SluiceError(problems.slice(0, 3));
  return policy;
}

function timed<T>(action: () => T): [T, number] {
  const started = performance.now();
  const result = action();
  return [result, Number(((performance.now() - started) / 1000).toFixed(3))];
}
