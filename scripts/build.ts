/** Builds dist/: compiled eBPF objects, bundles, types, the JSON Schema. Does only what its inputs ask for. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { buildBundles, bundles } from './build-bundle.ts';
import { buildObjects, compilerFlags, objects } from './build-objects.ts';
import { type BuildStep, runStep } from './build-step.ts';

const schema = 'schema/policy.schema.json';

const steps: readonly BuildStep[] = [
  {
    name: 'objects',
    inputs: ['bpf', 'scripts/build-objects.ts'],
    settings: compilerFlags.join(' '),
    outputs: objects(),
    run: buildObjects,
  },
  {
    name: 'bundles',
    inputs: ['src', 'package-lock.json', 'scripts/build-bundle.ts'],
    outputs: bundles,
    run: buildBundles,
  },
  {
    name: 'types',
    inputs: ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    outputs: ['dist/types/index.d.ts'],
    run() {
      rmSync('dist/types', { recursive: true, force: true });
      execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
    },
  },
];

process.chdir(new URL('..', import.meta.url).pathname);
mkdirSync('dist', { recursive: true });
try {
  for (const step of steps) await runStep(step);
  if (existsSync(schema)) copyFileSync(schema, 'dist/policy.schema.json');
} catch (error) {
  // The compiler or bundler at fault has said what is wrong; a stack trace through this file would bury it.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
