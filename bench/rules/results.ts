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
  const kinds = Object.keys(clouds) as (keyof typeof clouds)[];
  const lists = kinds.flatMap((kind) => [10, 1_000].map((size) => cloudList(kind, size)));
  for (const list of [...lists, cloudList('security-groups', 100_000)]) costs.push(measured(list));
  for (const list of classbenchLists()) costs.push(measured(list));
  const contests: ContestResult[] = [];
  for (const list of contestLists()) {
    const results = await contestOf(list);
    for (const { title, nanoseconds, unavailable } of results) {
      say(`${list.title}: ${title} ${nanoseconds === undefined ? unavailable : `${nanoseconds.median} ns`}`);
    }
    contests.push(...results);
  }
  return { costs, contests };

  function measured(list: Parameters<typeof measureRules>[0]): RuleCost {
    const cost = measureRules(list);
    say(`${cost.title}: ${cost.cold.median} ns cold, ${cost.hot.median} hot, ${cost.disagreements} disagreements`);
    return cost;
  }
}

const ns = (value: number): string => (value < 10_000 ? value.toFixed(0) : Math.round(value).toLocaleString('en'));
const count = (value: number): string => value.toLocaleString('en');
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** Tables for pages. */
export function ruleTables({ costs, contests }: RuleResults): string {
  const classbench = costs.filter(({ id }) => /^(acl1|fw1|ipc1)-/.test(id));
  const others = costs.filter((cost) => !classbench.includes(cost));
  return `${costTable('ClassBench', classbench)}

${costTable('As clouds have them', others)}

${contestTables(contests)}`;
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

/** What each kind of list is called above its table. */
const contestTitles: Readonly<Record<string, string>> = {
  'acl1-v4': 'acl1, IPv4',
  'acl1-v6': 'acl1, IPv6',
  'sources-v4': clouds.sources.title,
  'ports-v4': clouds.ports.title,
  'security-groups-v4': clouds['security-groups'].title,
};

/** A table for each kind of list: who, by how many rules; and below it what needs saying. */
function contestTables(contests: readonly ContestResult[]): string {
  return Object.entries(contestTitles)
    .map(([id, title]) =>
      contestTable(
        title,
        contests.filter(({ kind, family }) => `${kind}-${family}` === id),
      ),
    )
    .join('\n\n');
}

function contestTable(title: string, contests: readonly ContestResult[]): string {
  const sizes = [...new Set(contests.map(({ rules }) => rules))].sort((a, b) => a - b);
  const peers = [...new Map(contests.map(({ id, title }) => [id, title]))];
  const notes: string[] = [];
  const cell = (id: string, size: number): string => {
    const found = contests.find((one) => one.id === id && one.rules === size);
    if (found?.unavailable !== undefined) notes.push(`${found.title}, ${count(size)}: ${found.unavailable}.`);
    if (found?.nanoseconds === undefined) return found === undefined ? '' : 'none';
    return `${ns(found.nanoseconds.median)} (${found.loadSeconds?.toFixed(2)} s)`;
  };
  const rows = peers.map(
    ([id, title]) => `| ${title}${howOf(id)} | ${sizes.map((size) => cell(id, size)).join(' | ')} |`,
  );
  function howOf(id: string): string {
    const how = contests.find((one) => one.id === id && one.how !== undefined)?.how;
    return how === undefined ? '' : ` (${how})`;
  }
  return `| ${title}: ns a packet (loaded in) | ${sizes.map(count).join(' | ')} |
| --- | ${sizes.map(() => '---').join(' | ')} |
${rows.join('\n')}${notes.length > 0 ? `\n\n${[...new Set(notes)].join('\n')}` : ''}`;
}
