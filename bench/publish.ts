import { readFileSync, writeFileSync } from 'node:fs';
import { goalTable } from './goals.ts';
import { lifeTable } from './life/results.ts';
import type { Drops, Results } from './results.ts';
import { plotRules } from './rules/plot.ts';
import { ruleTables } from './rules/results.ts';
import { setTables } from './sets/results.ts';
import { updateTable } from './updates/results.ts';

/** Pages with the newest results between two marks, and what stands there. */
const pages: readonly (readonly [path: string, name: string, content: (results: Results) => string])[] = [
  ['README.md', 'bench', markdown],
  ['docs/benchmarks.md', 'bench', markdown],
  ['docs/benchmarks.md', 'goals', (results) => `${goalTable(results)}\n`],
  ['docs/benchmarks.md', 'rules', ({ rules }) => `${ruleTables(rules)}\n`],
  ['docs/benchmarks.md', 'updates', ({ updates }) => `${updateTable(updates)}\n`],
  ['docs/benchmarks.md', 'life', ({ life }) => (life === undefined ? '' : `${lifeTable(life)}\n`)],
  ['docs/benchmarks.md', 'sets', ({ sets }) => `${setTables(sets)}\n`],
];
const plot = 'docs/rules.svg';

/** Puts the results into the pages that show them. */
export async function publish(results: Results): Promise<void> {
  for (const [page, name, content] of pages) {
    const [begin, end] = [`<!-- ${name}: written by \`make bench\` -->`, `<!-- /${name} -->`];
    const text = readFileSync(page, 'utf8');
    const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
    if (start < 0 || stop < start) throw new Error(`${page} has no place for the results: ${begin} … ${end}`);
    writeFileSync(page, `${text.slice(0, start)}${begin}\n${content(results)}\n${text.slice(stop)}`);
  }
  writeFileSync(plot, await plotRules(results.rules));
}

function markdown({ date, machine, drops, costs, use }: Results): string {
  const where = `${machine.cpus} CPUs of an ${machine.cpu}, Linux ${machine.kernel.replace(/-.*/, '')}, ${date.slice(0, 10)}`;
  const dropRows = drops.map(({ title, unavailable, sharedCpu, ownCpu }) =>
    unavailable === undefined
      ? `| ${title} | ${mpps(sharedCpu)} | ${ofBare(sharedCpu)} | ${mpps(ownCpu)} |`
      : `| ${title} | ${unavailable} | | |`,
  );
  const others = [
    ...costs.map(
      ({ title, nanoseconds }) => `| ${title}: a packet with random headers | ${nanoseconds.median.toFixed(0)} ns |`,
    ),
    ...use.map(({ title, unit, sample }) => `| ${title} | ${Math.round(sample.median).toLocaleString('en')} ${unit} |`),
  ];
  return `Frames of a flood dropped on a veth pair, millions a second (${where}; medians, one run):

| | generator on the same CPU | of bare | receiver's own CPU |
| --- | --- | --- | --- |
${dropRows.join('\n')}

| Sluice alone | |
| --- | --- |
${others.join('\n')}
`;
}

const mpps = (drops: Drops | undefined): string => (drops === undefined ? '' : (drops.rate.median / 1e6).toFixed(2));

const ofBare = (drops: Drops | undefined): string => (drops === undefined ? '' : drops.ofBare.median.toFixed(2));
