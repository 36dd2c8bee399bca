import { type ChangeCost, measureUpdates, type UpdateCost } from './measure.ts';

/** What a change of one rule costs, by the number of rules. */
export type UpdateResults = readonly UpdateCost[];

const ROUNDS = 5;

export async function measureUpdatesBySize(say: (text: string) => void): Promise<UpdateResults> {
  const results: UpdateCost[] = [];
  for (const size of [1_000, 10_000, 100_000]) {
    const cost = await measureUpdates(size, ROUNDS);
    const { rules, added, removed } = cost;
    say(`one rule added to ${rules}: ${added.total.median} ms, taken out: ${removed.total.median} ms`);
    results.push(cost);
  }
  return results;
}

/** A table for pages. */
export function updateTable(updates: UpdateResults): string {
  const cells = ({ total, work }: ChangeCost): string => {
    const [median, min, max] = [total.median, total.min, total.max].map((value) => Math.round(value));
    return `${median} (${min} to ${max}) | ${work.median}`;
  };
  const rows = updates.map(
    ({ rules, added, removed }) => `| ${rules.toLocaleString('en')} | ${cells(added)} | ${cells(removed)} |`,
  );
  return `| rules | one added, ms | once seen | one taken out, ms | once seen |
| --- | --- | --- | --- | --- |
${rows.join('\n')}`;
}
