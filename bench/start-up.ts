import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { LabHost } from '../src/lab/index.ts';

/** What `sluice up` says when the policy judges packets. */
const IN_FORCE = 'is in force';

/** Milliseconds from the start of `sluice up FILE` to enforcement: Node's start, check, compile, verify, attach. */
export async function startUpMs(host: LabHost, policyFile: string): Promise<number> {
  const start = performance.now();
  const child = spawn('bin/sluice', ['up', policyFile, '--netns', host.namespace], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes(IN_FORCE)) continue;
    const took = performance.now() - start;
    child.kill('SIGINT');
    await once(child, 'exit');
    return took;
  }
  throw new Error(`sluice up ended by itself: ${errors.join('')}`);
}
