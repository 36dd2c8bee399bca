import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { TEST_FILE } from './find-test-files.ts';
import { readTestFile } from './read-test-file.ts';
import { checkNames, policyPath } from './run-tests.ts';
import type { TestFile } from './test-file.ts';

/**
 * The test files in the folder of a policy's file that are about it, their names checked. None where the folder has
 * gone. Files for other policies are passed over.
 * @throws SluiceError with all that is wrong with them
 */
export function testsBeside(policy: CheckedPolicy): TestFile[] {
  const { path } = policy.source;
  const read = filesBeside(path).map(readTestFile);
  const files = read.map(({ file }) => file).filter((file) => file !== undefined && isAbout(file, path));
  const about = files as TestFile[];
  // A file with problems does not always tell whom it is about: it counts where its name does.
  const faulty = read.filter(({ file }) => !file).flatMap(({ problems }) => problems);
  const problems = [
    ...faulty.filter(({ place }) => place && nameTells(place.source.path, path)),
    ...about.flatMap((file) => checkNames(file, policy)),
  ];
  if (problems.length > 0) throw new SluiceError(problems);
  return about;
}

function filesBeside(path: string): string[] {
  try {
    const names = readdirSync(dirname(path)).filter((name) => TEST_FILE.test(name));
    return names.sort().map((name) => join(dirname(path), name));
  } catch {
    return [];
  }
}

const isAbout = (file: TestFile, path: string): boolean => resolve(policyPath(file)) === resolve(path);

/** `edge.test.yaml` is about `edge.yaml`, `edge.json` and `edge.ts`. */
const nameTells = (testPath: string, path: string): boolean =>
  testPath.replace(TEST_FILE, '') === path.replace(/\.[^./]+$/, '');
