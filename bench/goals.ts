import type { Results } from './results.ts';
import type { RuleCost } from './rules/measure.ts';

/** What was asked of a number, and what it came to. */
interface Goal {
  readonly title: string;
  readonly most: number;
  readonly unit: string;
  /** The worst of those that it is asked of. */
  readonly came: number;
}

const worst = (values: readonly number[]): number => Math.max(...values);

/** The goals of rules, sets and updates, with the results beside them. */
function goals({ rules: { costs }, sets, updates }: Results): Goal[] {
  const classbench = (size: number, family: string): RuleCost[] =>
    ['acl1', 'fw1', 'ipc1'].flatMap((shape) => costs.find(({ id }) => id === `${shape}-${size}-${family}`) ?? []);
  const ns = (size: number, family: string): number => worst(classbench(size, family).map(({ cold }) => cold.median));
  const all = (size: number): RuleCost[] => [...classbench(size, 'v4'), ...classbench(size, 'v6')];
  const seconds = (size: number): number =>
    worst(all(size).map(({ seconds: { check, compile, load } }) => check + compile + load));
  const costOf = (id: string): number => costs.find((one) => one.id === id)?.cold.median ?? Number.NaN;
  const million = sets?.find(({ id }) => id === 'v4-1000000');
  const ours = million?.structures[0];
  const update = updates?.find(({ rules }) => rules > 50_000);
  return [
    ...(
      [
        [10, 80],
        [1_000, 120],
        [10_000, 150],
        [100_000, 300],
      ] as const
    ).map(([size, most]) => ({
      title: `a verdict by ${size.toLocaleString('en')} rules of ClassBench, IPv4`,
      most,
      unit: 'ns',
      came: ns(size, 'v4'),
    })),
    ...[10, 1_000, 10_000, 100_000].map((size) => ({
      title: `the same by ${size.toLocaleString('en')}, IPv6 over IPv4`,
      most: 1.6,
      unit: '×',
      came: ns(size, 'v6') / ns(size, 'v4'),
    })),
    ...['sources', 'sources-and-ports', 'pairs', 'ports'].map((shape) => ({
      title: `1,000 rules of one shape over 10 of them: ${shape.replaceAll('-', ' ')}`,
      most: 1.3,
      unit: '×',
      came: costOf(`${shape}-1000`) / costOf(`${shape}-10`),
    })),
    {
      title: 'memory of 100,000 rules',
      most: 16,
      unit: 'MiB',
      came: worst(all(100_000).map(({ memory }) => memory)) / 2 ** 20,
    },
    ...(
      [
        [1_000, 1],
        [10_000, 4],
        [100_000, 40],
      ] as const
    ).map(([size, most]) => ({
      title: `${size.toLocaleString('en')} rules from YAML to the kernel`,
      most,
      unit: 's',
      came: seconds(size),
    })),
    {
      title: 'instructions verified at 100,000 rules',
      most: 500_000,
      unit: '',
      came: worst(all(100_000).map(({ verified }) => verified)),
    },
    {
      title: 'disagreements with a linear scan',
      most: 0,
      unit: '',
      came: costs.reduce((sum, { disagreements }) => sum + disagreements, 0),
    },
    ...(ours === undefined
      ? []
      : [
          { title: 'a random source in 1,000,000 prefixes', most: 150, unit: 'ns', came: ours.lookup.median },
          { title: 'memory of 1,000,000 prefixes', most: 64, unit: 'MiB', came: (ours.used ?? ours.memory) / 2 ** 20 },
          { title: 'that set from a text file', most: 3, unit: 's', came: million?.fromFile ?? Number.NaN },
          { title: 'one prefix more in that set, 99 of 100 times', most: 1_000, unit: 'µs', came: ours.update.p99 },
        ]),
    ...(update === undefined
      ? []
      : [
          {
            title: 'one rule more in 100,000, from the file to enforcement',
            most: 1_000,
            unit: 'ms',
            came: update.total.median,
          },
        ]),
  ];
}

export function goalTable(results: Results): string {
  const rows = goals(results).map(({ title, most, unit, came }) => {
    const show = (value: number): string => `${digits(value)}${unit === '' || unit === '×' ? unit : ` ${unit}`}`;
    return `| ${title} | ${show(most)} | ${show(came)} | ${came <= most ? 'yes' : 'no'} |`;
  });
  return `| | asked, at most | came to | reached |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const digits = (value: number): string =>
  value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
