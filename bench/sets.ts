/** `npx tsx bench/sets.ts v4-1000000`: what one set costs, for work on sets of prefixes. As root; `bench/sets/cases.ts` has the names. */

import { setCases } from './sets/cases.ts';
import { measureSet } from './sets/measure.ts';
import { setTables } from './sets/results.ts';

const names = process.argv.slice(2);
const cases = names.length === 0 ? setCases : setCases.filter(({ id }) => names.includes(id));
console.log(setTables(cases.map(measureSet)));
