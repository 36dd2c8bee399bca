import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FloodPlan } from '../../src/lab/index.ts';

/** A flood by a process of its own. */
export interface Flooding {
  /** Ends it; the frames that it has sent. */
  stop(): Promise<number>;
}

/** Resolves when it floods. */
export async function startFlooding(plan: FloodPlan): Promise<Flooding> {
  const program = fileURLToPath(new URL('flooding-process.ts', import.meta.url));
  const args = ['--import', 'tsx', program, JSON.stringify(plan)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child.stdout, 'data');
  return {
    async stop() {
      child.stdin.end();
      await once(child, 'close');
      return Number(output.split('\n').at(-2));
    },
  };
}
