import { type ContestResult, contestLists, contestOf } from './contests.ts';
import { classbenchLists, cloudList, clouds } from './lists.ts';
import { measureRules, type RuleCost } from './measure.ts';

/** What rules cost, and what they cost with others. */
export interface RuleResults {
  readonly costs: readonly RuleCost[];
  readonly contests: readonly ContestResult[];
}

export async function measureRuleLists(say: (text: string) => void): Promise<RuleResults> {
  const costs: RuleCost[] = [];
  const lists = [
    ...(Object.keys(clouds) as (keyof typeof clouds)[]).flatMap((kind) =>
      [10, 1_000].map((size) => cloudList(kind, size)),
    ),
  ];
  for (const list of [...lists, cloudList('security-groups', 100_000)]) costs.push(measured(list));
  for (const list of classbenchLists()) costs.push(measured(list));
  const contests: ContestResult[] = [];
  for (const list of contestLists()) contests.push(...(await contestOf(list)));
  return { costs, contests };

  function measured(list: Parameters<typeof measureRules>[0]): RuleCost {
    const cost = measureRules(list);
    say(`${cost.title}: ${cost.cold.median} ns cold, ${cost.hot.median} hot, ${cost.disagreements} disagreements`);
    return cost;
  }
}

const ns = (value: number): string => (value < 10_000 ? value.toFixed(0) : Math.round(value).toLocaleString('en'));
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** Tables for pages. */
export function ruleTables({ costs, contests }: RuleResults): string {
  const classbench = costs.filter(({ id }) => /^(acl1|fw1|ipc1)-/.test(id));
  const others = costs.filter((cost) => !classbench.includes(cost));
  return `${costTable('ClassBench', classbench)}

${costTable('As clouds have them', others)}

${contestTable(contests)}`;
}

function costTable(title: string, costs: readonly RuleCost[]): string {
  const rows = costs.map(
    ({ title, cold, hot, coldOfRules, memory, verified, seconds, disagreements, compared }) =>
      `| ${title} | ${ns(cold.median)} (${ns(cold.min)} to ${ns(cold.max)}) | ${ns(coldOfRules.median)} | ${ns(hot.median)} | ${mib(memory)} | ${verified.toLocaleString('en')} | ${(seconds.check + seconds.compile + seconds.load).toFixed(2)} | ${disagreements} of ${compared.toLocaleString('en')} |`,
  );
  return `| ${title} | verdict, ns | of it rules | hot | MiB | verified | from YAML, s | disagreements |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}`;
}

function contestTable(contests: readonly ContestResult[]): string {
  const lists = [...new Set(contests.map(({ list }) => list))];
  const peers = [...new Map(contests.map(({ id, title }) => [id, title]))];
  const cell = (id: string, list: string): string => {
    const found = contests.find((one) => one.id === id && one.list === list);
    if (found === undefined) return '';
    if (found.nanoseconds === undefined) return 'not here';
    return `${ns(found.nanoseconds.median)} (${found.loadSeconds} s)`;
  };
  const rows = peers.map(([id, title]) => `| ${title} | ${lists.map((list) => cell(id, list)).join(' | ')} |`);
  return `| ns a packet (seconds to load) | ${lists.join(' | ')} |
| --- | ${lists.map(() => '---').join(' | ')} |
${rows.join('\n')}`;
}
