import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { LabHost } from '../../src/lab/index.ts';

/** `sluice up --watch`, and what it tells of each version of its file. */
export interface WatchingUp {
  /** Resolves with the milliseconds from the next change being seen to its being in force. Throws where it has problems. */
  changed(): Promise<number>;
  close(): Promise<void>;
}

/** Resolves when the policy is in force and its file followed. */
export async function startWatchingUp(host: LabHost, policyFile: string): Promise<WatchingUp> {
  const args = ['up', policyFile, '--netns', host.namespace, '--watch', '-o', 'ndjson', '--interval', '3600'];
  const child = spawn('bin/sluice', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (event: string): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('sluice up ended by itself');
      if (value.startsWith(`{"event":"${event}"`)) return value;
    }
  };
  // The first counters are shown when the file is followed.
  await next('counters');
  return {
    async changed() {
      const { milliseconds, problems } = JSON.parse(await next('policy')) as {
        milliseconds: number;
        problems: readonly { message: string }[];
      };
      if (problems.length > 0) throw new Error(problems[0]?.message);
      return milliseconds;
    },
    close: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  await exited;
}
