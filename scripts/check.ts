/** `make check`: all that can be judged without a kernel. Runs every check, then exits 1 where one failed. */
import { spawnSync } from 'node:child_process';
import { checkTree } from './check-tree.ts';
import { filesBelow } from './project-files.ts';

interface Check {
  readonly name: string;
  /** Tells whether it passed; prints what is wrong. */
  readonly passes: () => boolean;
}

const command = (name: string, program: string, ...args: string[]): Check => ({
  name,
  passes: () => spawnSync(program, args, { stdio: 'inherit' }).status === 0,
});

const checks: readonly Check[] = [
  command('format and lint', 'npx', 'biome', 'ci', '--error-on-warnings', '.'),
  command('types', 'npx', 'tsc', '-p', '.'),
  command('import layers', 'npx', 'depcruise', 'src', 'test', 'bench', 'demo', 'examples', 'scripts'),
  ...filesBelow(['scripts'], /\/generate-[^/]+(?<!\.test)\.ts$/).map((script) =>
    command(`${script} is fresh`, 'node', '--import', 'tsx', script, '--check'),
  ),
  { name: 'license headers, file sizes and names', passes: checkTree },
];

process.chdir(new URL('..', import.meta.url).pathname);
const failed = checks.filter((check) => {
  console.log(`== ${check.name}`);
  return !check.passes();
});
for (const check of failed) console.log(`FAILED: ${check.name}`);
process.exitCode = failed.length > 0 ? 1 : 0;
