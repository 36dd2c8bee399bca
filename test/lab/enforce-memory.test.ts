import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { readEnforcement } from '../../src/datapath/index.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import { createFlood, createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { FLOOD } from './many-boxes.ts';
import { createMemoryCgroup } from './memory-cgroup.ts';

let lab: Lab;
let client: LabHost;
let host: LabHost;
beforeAll(async () => {
  lab = await createPair({ name: 'memory' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
afterAll(() => lab.close());

/** A process that enforces in the host, and says what came of each thing that it is told. */
async function startUpdating() {
  const program = fileURLToPath(new URL('updating-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, host.path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const heard: ((line: string) => void)[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) heard.shift()?.(line);
  });
  const nextLine = () => new Promise<string>((resolve) => heard.push(resolve));
  expect(await nextLine()).toBe('in force');
  return {
    pid: child.pid as number,
    update: () => {
      const answer = nextLine();
      child.stdin.write('update\n');
      return Promise.race([answer, ended.then((code) => `ended with ${code}`)]);
    },
    stop: () => {
      child.stdin.end();
      return ended;
    },
  };
}

const counters = () => inNamespace(host, readEnforcement)?.counters() ?? [];
const counted = (name: string): number => Number(counters().find((one) => one.name === name)?.packets ?? 0n);
const ruleNames = (): string[] => counters().map(({ name }) => name);
/** What the map of the policy's trees takes. */
const TABLE = 16 * 2 ** 20;

test('out of memory in the middle of a build: the policy before goes on, and goes on to count', {
  timeout: 120_000,
}, async ({ skip }) => {
  const [roomy, tight, home] = ['roomy', 'tight', 'home'].map(createMemoryCgroup);
  if (!roomy || !tight || !home) return skip('no memory cgroup can be made here');
  const updating = await startUpdating();
  onTestFinished(async () => {
    await updating.stop();
    for (const group of [roomy, tight, home]) group.remove();
  });
  using flood = createFlood({ from: client, to: host.address(4) });
  let sent = 0;
  const send = (): void => {
    flood.send(2_000);
    sent += 2_000;
    expect(counted(FLOOD)).toBe(sent);
  };
  send();

  // What an update takes: the new map, and what is worked out for it. The first one leaves room behind for the second.
  expect(await updating.update()).toBe('updated');
  roomy.enter(updating.pid);
  expect(await updating.update()).toBe('updated');
  send();
  expect(roomy.usage).toBeGreaterThan(TABLE);

  tight.enter(updating.pid);
  tight.limit(Math.floor(roomy.usage - 0.6 * TABLE));
  const answer = updating.update();
  send();
  const refused = await answer;
  expect(refused).toMatch(/^datapath\/no-memory: the kernel has no memory for (map|program) ".*", .* KiB: ENOMEM; /);
  expect(refused).toContain('stays in force');
  expect(refused).toContain('memory.max');
  send();
  expect(ruleNames()).toContain('new-2');
  expect(ruleNames()).not.toContain('new-3');

  home.enter(updating.pid);
  expect(await updating.update()).toBe('updated');
  send();
  expect(ruleNames()).toContain('new-4');
  expect(counted('default-ingress')).toBeLessThan(100);
});
