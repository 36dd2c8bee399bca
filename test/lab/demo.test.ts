import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { labOf } from '../../src/lab/namespaces.ts';

const namespacesOf = (demo: number): string[] =>
  readdirSync('/var/run/netns')
    .filter((name) => labOf(name)?.pid === demo)
    .map((name) => join('/var/run/netns', name));

const inodeOf = (path: string): number | undefined => {
  try {
    return statSync(path).ino;
  } catch {
    return undefined; // a process that has just ended
  }
};

/** What a demo that runs has made: names, pins and state of its namespaces, its folder; and what tells who is inside. */
function tracesOf(demo: number) {
  const namespaces = namespacesOf(demo);
  const inodes = new Set(namespaces.map(inodeOf));
  const paths = [
    ...namespaces,
    ...[...inodes].flatMap((inode) => [`/sys/fs/bpf/sluice/net-${inode}`, `/run/sluice/net-${inode}`]),
    ...readdirSync(tmpdir())
      .filter((name) => name.startsWith(`sluice-demo-${demo}-`))
      .map((name) => join(tmpdir(), name)),
  ];
  const processes = () =>
    readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && inodes.has(inodeOf(`/proc/${entry}/ns/net`)));
  return { there: () => [...paths.filter(existsSync), ...processes()] };
}

/** Starts the demo and waits until its policy is in force. */
async function startDemo() {
  const env = { ...process.env, DEMO_HOLD: '' };
  const demo = spawn(process.execPath, ['--import', 'tsx', 'demo/run.ts'], { env, stdio: 'pipe' });
  onTestFinished(() => void demo.kill());
  let output = '';
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => demo.once('close', resolve));
  await expect.poll(() => output, { timeout: 20_000 }).toContain('A policy is in force');
  const traces = tracesOf(demo.pid as number);
  expect(traces.there().some((path) => path.startsWith('/sys/fs/bpf/sluice'))).toBe(true);
  return { ended, traces, output: () => output, kill: (signal: NodeJS.Signals) => demo.kill(signal) };
}

test('the demo shows all that it promises, and leaves nothing', { timeout: 120_000 }, async () => {
  const { ended, traces, output } = await startDemo();
  expect(await ended, output()).toBe(0);
  expect(output()).toContain('All of it as promised');
  expect(output()).toContain('150 of 150');
  expect(output()).toMatch(/^ {3}drop +blocklist +edge\.yaml:13 +[\d,]{7,} /m);
  expect(output()).toMatch(/edge\.yaml:13:5\n +13 \| +- \{ name: blocklist/);
  expect(output()).not.toContain('not as promised');
  expect(output()).not.toContain('\u001b');
  expect(traces.there()).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('nor is anything left after %s', async (signal, status) => {
  const { ended, traces, kill } = await startDemo();
  kill(signal);
  expect(await ended).toBe(status);
  expect(traces.there()).toEqual([]);
});
