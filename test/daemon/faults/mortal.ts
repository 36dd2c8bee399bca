import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { createDaemonClient, type DaemonClient } from '../../../src/api/client.ts';
import { inNamespace } from '../../../src/kernel/index.ts';
import { command } from '../../cli/sluice.ts';
import type { DaemonLab } from '../daemon.ts';

/** A daemon, `sluice run` as it is built, that kills itself when it is told to: see mortal-preload.ts. */
export interface Mortal {
  readonly pid: number;
  readonly ask: DaemonClient['ask'];
  /** Kills itself before the n-th call from now on by which it would change something that outlives it. */
  dieAt(call: number): Promise<void>;
  /** Runs a command before that call, and goes on. */
  runAt(call: number, command: readonly string[]): Promise<void>;
  /** Those calls, since it was armed. */
  calls(): Promise<readonly string[]>;
  kill(): Promise<void>;
  readonly ended: Promise<unknown>;
  /** All that it has said. */
  output(): string;
}

const alive = new Set<Mortal>();

/** Those that still run. */
export async function killMortals(): Promise<void> {
  await Promise.all([...alive].map((one) => one.kill()));
}

/** Resolves when it listens. */
export async function startMortal({ host, folder, stateDir, write }: DaemonLab): Promise<Mortal> {
  const preload = readFileSync(new URL('mortal-preload.ts', import.meta.url), 'utf8');
  write('mortal-preload.mjs', transformSync(preload, { loader: 'ts' }).code);
  const options = ['--import', join(folder, 'mortal-preload.mjs'), command];
  const child = spawn(process.execPath, [...options, 'run', '--netns', host.path, '--state-dir', stateDir], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      child.emit('output');
    });
  }
  const ended = once(child, 'close');
  while (!/listening/.test(output)) {
    const isOver = await Promise.race([once(child, 'output').then(() => false), ended.then(() => true)]);
    if (isOver) throw new Error(`the daemon ended before it listened: ${output}`);
  }
  const { ask } = inNamespace({ path: host.path }, createDaemonClient);
  const mortal: Mortal = {
    pid: child.pid as number,
    ask,
    dieAt: async (call) => void (await tell(child, { dieAt: call })),
    runAt: async (call, command) => void (await tell(child, { dieAt: call, command })),
    calls: async () => (await tell(child, {})).calls ?? [],
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    ended,
    output: () => output,
  };
  alive.add(mortal);
  void ended.then(() => alive.delete(mortal));
  return mortal;
}

async function tell(child: ChildProcess, message: object): Promise<{ readonly calls?: readonly string[] }> {
  const answered = once(child, 'message');
  child.send(message);
  const [answer] = await answered;
  return answer;
}
