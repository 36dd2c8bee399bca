/** Runs the program of that id again and again: `prefix-set-lookups.ts ID ROUNDS RUNS_A_ROUND`. */
import { programFromId, testRun } from '../../src/kernel/index.ts';

const [id = 0, rounds = 0, runs = 0] = process.argv.slice(2).map(Number);
const program = programFromId(id);
for (let round = 0; round < rounds; round++) testRun(program, { data: new Uint8Array(60), repeat: runs });
program.close();
