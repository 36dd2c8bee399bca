import { setCases } from './cases.ts';
import { measureSet, type SetCost } from './measure.ts';

/** What sets of prefixes cost, and what they cost with the kernel's own maps. */
export type SetResults = readonly SetCost[];

export function measureSets(say: (text: string) => void): SetResults {
  return setCases.map((one) => {
    const cost = measureSet(one);
    const lookups = cost.structures.map(({ title, lookup }) => `${title} ${lookup.median} ns`);
    say(`${titleOf(cost)}: ${cost.unavailable ?? lookups.join(', ')}`);
    return cost;
  });
}

export const titleOf = ({ members, family }: Pick<SetCost, 'members' | 'family'>): string =>
  `${members.toLocaleString('en')} IP${family}`;

/** Tables for pages. */
export function setTables(sets: SetResults): string {
  const rows = sets.flatMap((set) => {
    if (set.unavailable !== undefined) return [`| ${titleOf(set)} | not measured: ${set.unavailable} | | | | | |`];
    return set.structures.map(
      ({ title, lookup, memory, used, fillSeconds, update }) =>
        `| ${titleOf(set)} | ${title} | ${lookup.median} (${lookup.min} to ${lookup.max}) | ${used === undefined ? '' : `${mib(used)} of `}${mib(memory)} | ${fillSeconds.toFixed(2)} | ${update.p50}, ${update.p99} | ${Math.round(update.longest).toLocaleString('en')} |`,
    );
  });
  const files = sets.flatMap(({ fromFile, ...set }) =>
    fromFile === undefined ? [] : [`| ${titleOf(set)} | ${fromFile.toFixed(2)} |`],
  );
  return `| prefixes | kept in | lookup, ns | MiB | filled in, s | one added or taken out: p50, p99, µs | longest |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

| prefixes | from a text file, s |
| --- | --- |
${files.join('\n')}`;
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
