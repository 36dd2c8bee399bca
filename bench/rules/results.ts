import { type ContestResult, contestLists, contestOf } from './contests.ts';
import { clouds, measuredLists } from './lists.ts';
import { measureRules, type RuleCost } from './measure.ts';

/** What rules cost, and what they cost with others. */
export interface RuleResults {
  readonly costs: readonly RuleCost[];
  readonly contests: readonly ContestResult[];
}

export async function measureRuleLists(say: (text: string) => void): Promise<RuleResults> {
  const costs: RuleCost[] = [];
  for (const lists of measuredLists()) {
    for (const cost of measureRules(lists)) {
      say(`${cost.title}: ${cost.cold.median} ns cold, ${cost.hot.median} hot, ${cost.disagreements} disagreements`);
      costs.push(cost);
    }
  }
  const contests: ContestResult[] = [];
  for (const list of contestLists()) {
    const results = await contestOf(list);
    for (const { title, nanoseconds, unavailable } of results) {
      say(`${list.title}: ${title} ${nanoseconds === undefined ? unavailable : `${nanoseconds.median} ns`}`);
    }
    contests.push(...results);
  }
  return { costs, contests };
}

const ns = (value: number): string => Math.round(value).toLocaleString('en');
const count = (value: number): string => value.toLocaleString('en');
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** Tables for pages. */
export function ruleTables({ costs, contests }: RuleResults): string {
  const classbench = costs.filter(({ id }) => /^(acl1|fw1|ipc1)-/.test(id));
  const others = costs.filter((cost) => !classbench.includes(cost));
  const made = classbench.some(({ source }) => source === 'generated');
  return `${costTable(made ? "Made in the shapes of ClassBench's" : 'ClassBench', classbench)}

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
  /** What needs saying, and of which sizes. */
  const notes = new Map<string, number[]>();
  const addNote = (note: string, size: number) => notes.set(note, [...(notes.get(note) ?? []), size]);
  const cell = (id: string, size: number): string => {
    const found = contests.find((one) => one.id === id && one.rules === size);
    const note = found?.unavailable ?? found?.note;
    if (found && note !== undefined) addNote(`${found.title}: ${note}`, size);
    if (found?.nanoseconds === undefined) return found === undefined ? '' : 'not loaded';
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
${rows.join('\n')}${[...notes].map(([note, sizes]) => `\n\n${note} (${sizes.map(count).join(', ')} rules).`).join('')}`;
}
