/**
 * Writes the logs in src/kernel/program/testdata/ anew, from the running kernel: what the summary is tested against.
 *   npx tsx test/kernel/record-verifier-logs.ts
 */
import { writeFileSync } from 'node:fs';
import { loadProgram, VerifierError } from '../../src/kernel/index.ts';
import { refusedPrograms, withRefusedProgram } from './refused-programs.ts';

/** Of a log of many megabytes only the end is kept: that is what a summary is made from. */
const KEPT_LINES = 60;

for (const program of refusedPrograms) {
  withRefusedProgram(program, (spec) => {
    try {
      loadProgram(spec).close();
      throw new Error(`${program.name} was accepted`);
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const kept = error.log.split('\n').slice(-KEPT_LINES).join('\n');
      writeFileSync(new URL(`../../src/kernel/program/testdata/${program.name}.log`, import.meta.url), kept);
      process.stdout.write(`${error.message}\n`);
    }
  });
}
