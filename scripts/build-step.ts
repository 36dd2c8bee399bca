import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow } from './project-files.ts';

/** One part of a build, skipped while its inputs are as they were and its outputs are there. */
export interface BuildStep {
  readonly name: string;
  /** The files and folders that it reads, from the project's root; tests in them do not count. */
  readonly inputs: readonly string[];
  /** Whatever else decides the result, e.g. compiler flags. */
  readonly settings?: string;
  /** Files that must be there for the step to be skipped. */
  readonly outputs: readonly string[];
  readonly run: () => void | Promise<void>;
}

/** Runs the step if it has to; says so on standard output. Throws what `run` throws. */
export async function runStep(step: BuildStep): Promise<void> {
  const stamp = join('dist/.build', `${step.name}.sha256`);
  const digest = digestOf(step);
  const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
  if (fresh && step.outputs.every((output) => existsSync(output))) return;

  const started = performance.now();
  await step.run();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  console.log(`${step.name.padEnd(8)} ${(performance.now() - started).toFixed(0).padStart(5)} ms`);
}

function digestOf(step: BuildStep): string {
  const hash = createHash('sha256').update(step.settings ?? '');
  for (const file of filesBelow(step.inputs, /(?<!\.test\.ts)$/)) {
    hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}
