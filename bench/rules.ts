/**
 * `npx tsx bench/rules.ts acl1 10k v6`: what one list costs, for work on the classifier. As root; sizes 10, 1k, 10k,
 * 100k; instead of a ClassBench shape the name of a cloud list (bench/rules/lists.ts); `--straight` or `--trees` forces
 * a structure, `--contest` puts the list under live traffic with all peers.
 */

import { type Shape, shapes } from '../src/policy/testing/classbench.ts';
import { pinGenerator } from './cpus.ts';
import { contestOf } from './rules/contests.ts';
import { classbenchList, cloudList, type clouds, type MeasuredList } from './rules/lists.ts';
import { measureRules } from './rules/measure.ts';

const [name = 'acl1', size = '1k', family = 'v4'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const count = Number(size.replace('k', '000'));
const list = (shapes as readonly string[]).includes(name)
  ? classbenchList(name as Shape, count, family as 'v4' | 'v6')
  : cloudList(name as keyof typeof clouds, count);
if (process.argv.includes('--contest')) await showContest(list);
else showCost(list);

function showCost(list: MeasuredList): void {
  const structure = (['straight', 'trees'] as const).find((one) => process.argv.includes(`--${one}`));
  for (const cost of measureRules([list], structure ? { structure } : {})) {
    console.log(`${cost.title} (${cost.rules} rules, ${cost.source})
  verdict ${cost.cold.median} ns cold (${cost.cold.min} to ${cost.cold.max}), ${cost.hot.median} hot; rules alone ${cost.coldOfRules.median}
  ${(cost.memory / 2 ** 20).toFixed(2)} MiB, ${cost.verified} instructions verified
  check ${cost.seconds.check} s, compile ${cost.seconds.compile} s, load ${cost.seconds.load} s
  ${cost.disagreements} disagreements in ${cost.compared}`);
  }
}

async function showContest(list: MeasuredList): Promise<void> {
  pinGenerator();
  for (const { title, nanoseconds, loadSeconds, how, note, unavailable } of await contestOf(list)) {
    const cost = nanoseconds ? `${nanoseconds.median} ns (${nanoseconds.min} to ${nanoseconds.max})` : unavailable;
    console.log(
      `${title}: ${cost}${loadSeconds ? `, loaded in ${loadSeconds} s` : ''}${how ? `, ${how}` : ''}${note ? `; ${note}` : ''}`,
    );
  }
}
