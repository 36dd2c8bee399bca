import type { Results } from './results.ts';
import { clouds } from './rules/lists.ts';
import type { RuleCost } from './rules/measure.ts';

/** A number that was asked for, and what it came to. */
export interface Goal {
  readonly title: string;
  readonly atMost: string;
  /** Each of the values that must be at most that. */
  readonly cameTo: string;
  readonly verdict: 'reached' | 'missed' | 'not measured';
}

type Measured = Pick<Results, 'rules' | 'sets' | 'updates' | 'life'>;

/** One value that counts, and what it is of where there are several. */
type Value = readonly [of: string, value: number | undefined];

const shapes = ['acl1', 'fw1', 'ipc1'] as const;
const sizes = [10, 1_000, 10_000, 100_000] as const;
const most = { 10: 80, 1000: 120, 10000: 150, 100000: 300 } as const;
const mostSeconds = { 1000: 1, 10000: 4, 100000: 40 } as const;
const MIB = 2 ** 20;
const VERIFIER_LIMIT = 1_000_000;
const MILLION = 'v4-1000000';

/** All numbers that were asked for, in the order in which they were. */
export function goals(results: Measured): Goal[] {
  return [
    ...ruleGoals(results),
    ...ratioGoals(results),
    ...setGoals(results),
    ...waitingGoals(results),
    ...lifeGoals(results),
  ];
}

function ruleGoals({ rules }: Measured): Goal[] {
  return sizes.map((size) =>
    goal(
      `verdict, ${count(size)} rules of ClassBench, IPv4`,
      most[size],
      'ns',
      shapes.map((shape) => [shape, costOf(rules.costs, `${shape}-${size}-v4`)?.cold.median]),
    ),
  );
}

/** IPv6 beside IPv4, and many rules beside few. */
function ratioGoals({ rules }: Measured): Goal[] {
  const median = (id: string): number | undefined => costOf(rules.costs, id)?.cold.median;
  const families = sizes.map((size) =>
    goal(
      `verdict, ${count(size)} rules, IPv6 over IPv4`,
      1.6,
      '×',
      shapes.map((shape) => [shape, ratio(median(`${shape}-${size}-v6`), median(`${shape}-${size}-v4`))]),
    ),
  );
  const kinds = Object.keys(clouds) as (keyof typeof clouds)[];
  const ofOneShape = kinds.map((kind): Value => [kind, ratio(median(`${kind}-1000`), median(`${kind}-10`))]);
  return [...families, goal('verdict, 1,000 rules of one shape over 10', 1.3, '×', ofOneShape)];
}

function setGoals({ rules, sets }: Measured): Goal[] {
  const million = sets.find(({ id }) => id === MILLION);
  const ours = million?.structures.find(({ id }) => id === 'sluice');
  const kernels = million?.structures.find(({ id }) => id === 'lpm-trie');
  const inMib = (bytes: number | undefined): number | undefined => (bytes === undefined ? undefined : bytes / MIB);
  const trees = rules.costs
    .filter((cost) => cost.rules > 50_000)
    .map(({ title, memory }): Value => [title, inMib(memory)]);
  const lookup: Value[] = [['', ours?.lookup.median]];
  const beside = kernels === undefined ? '' : ` (the kernel's LPM trie: ${number(kernels.lookup.median)})`;
  const found = goal('an address among 1,000,000 prefixes', 150, 'ns', lookup);
  return [
    { ...found, cameTo: `${found.cameTo}${beside}` },
    goal('memory of 100,000 rules', 16, 'MiB', [worst(trees)]),
    goal('memory of 1,000,000 prefixes', 64, 'MiB', [['', inMib(ours?.bytes)]]),
    goal('1,000,000 prefixes from a text file', 3, 's', [['', million?.fromFile]]),
    goal('a prefix added to 1,000,000, 99 in 100', 1, 'ms', [['', ours && ours.update.p99 / 1000]]),
  ];
}

function waitingGoals({ rules, updates }: Measured): Goal[] {
  const largest = updates.find((update) => update.rules > 50_000);
  const seconds = (of: keyof typeof mostSeconds): Value[] =>
    rules.costs
      .filter(({ id }) => new RegExp(`-${of}(-|$)`).test(id))
      .map(({ title, seconds: { check, compile, load } }) => [title, check + compile + load]);
  const verified = rules.costs.map(({ title, verified }): Value => [title, verified]);
  const wrong = rules.costs.reduce((sum, { disagreements }) => sum + disagreements, 0);
  return [
    ...([1_000, 10_000, 100_000] as const).map((size) =>
      goal(`${count(size)} rules from YAML to the kernel`, mostSeconds[size], 's', [worst(seconds(size))]),
    ),
    goal('a rule added to 100,000, from the file to enforcement', 1_000, 'ms', [['', largest?.added.total.median]]),
    goal('instructions that the verifier follows', VERIFIER_LIMIT / 2, '', [worst(verified)]),
    goal('verdicts that differ from a linear scan', 0, '', [['', rules.costs.length > 0 ? wrong : undefined]]),
  ];
}

/** Of a policy that changes, and of the daemon that changes it. */
function lifeGoals({ life }: Measured): Goal[] {
  const { daemon, swaps } = life ?? {};
  return [
    goal('frames that escape both policies in 1,000 swaps under full load', 0, '', [['', swaps?.escaped]]),
    goal('transfers that break meanwhile', 0, '', [['', swaps?.broken]]),
    goal('1,000 rules applied through the daemon', 1_000, 'ms', [['', daemon?.apply.total.median]]),
    goal('of it, the swap of all hooks', 1, 'ms', [['', daemon?.apply.swap.median]]),
    goal('a member added to a set through the daemon, 99 in 100', 5, 'ms', [['', daemon?.memberP99]]),
    goal('deadline to the policy before, the daemon killed', 1_000, 'ms', [['', daemon?.deadline.max]]),
    goal('the daemon idle, of a CPU', 1, '%', [['', daemon?.idle.cpuPercent]]),
    goal('the daemon idle, resident', 90, 'MB', [['', daemon?.idle.residentMb]]),
  ];
}

const costOf = (costs: readonly RuleCost[], id: string): RuleCost | undefined => costs.find((cost) => cost.id === id);

const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b;

function worst(values: readonly Value[]): Value {
  return [...values].sort(([, a], [, b]) => (b ?? 0) - (a ?? 0))[0] ?? ['', undefined];
}

function goal(title: string, atMost: number, unit: string, values: readonly Value[]): Goal {
  const withUnit = (value: string): string => (unit === '' ? value : `${value} ${unit}`);
  const known = values.flatMap(([of, value]) => (value === undefined ? [] : [{ of, value }]));
  const [only, ...others] = known;
  const cameTo =
    only && others.length === 0
      ? `${withUnit(number(only.value))}${only.of === '' ? '' : ` (${only.of})`}`
      : known.map(({ of, value }) => `${of} ${number(value)}`).join(', ');
  const reached = known.every(({ value }) => value <= atMost) ? 'reached' : 'missed';
  return {
    title,
    atMost: withUnit(count(atMost)),
    cameTo,
    verdict: known.length < values.length ? 'not measured' : reached,
  };
}

const count = (value: number): string => value.toLocaleString('en');

const number = (value: number): string => (value >= 20 ? count(Math.round(value)) : String(Number(value.toFixed(2))));

/** A table for pages. */
export function goalTable(results: Measured): string {
  const rows = goals(results).map(
    ({ title, atMost, cameTo, verdict }) =>
      `| ${title} | ${atMost} | ${cameTo} | ${verdict === 'missed' ? '**missed**' : verdict} |`,
  );
  return `| wanted | at most | came to | |
| --- | --- | --- | --- |
${rows.join('\n')}`;
}
