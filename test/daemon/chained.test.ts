import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { inNamespace, listInterfaces } from '../../src/kernel/index.ts';
import { attachForeignXdp, type ForeignXdp } from '../foreign-xdp.ts';
import { createDaemonLab, type DaemonLab, pings } from './daemon.ts';

let lab: DaemonLab;
let foreign: ForeignXdp;

const chained = (text: string): string =>
  text.replace('interfaces: [eth0]', 'interfaces: [eth0, "wan*"]\nchained: [eth0, "wan*"]');

beforeAll(async () => {
  lab = await createDaemonLab('chained');
  lab.write('drop.yaml', chained(pings('drop')));
  lab.write('allow.yaml', chained(pings('allow')));
  lab.write('xdp.yaml', pings('drop'));
});
beforeEach(() => {
  foreign = attachForeignXdp(lab.host.path, 'eth0');
});
afterEach(async () => {
  foreign.detach();
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

const json = (name: string, ...args: readonly string[]) => JSON.parse(lab.ask(name, ...args, '-o', 'json').stdout);
const counted = (rule: string): number =>
  json('rules').counters.find((one: { rule: string }) => one.rule === rule).packets;
const programAtXdp = (): number | undefined =>
  inNamespace({ path: lab.host.path }, listInterfaces).find(({ name }) => name === 'eth0')?.xdp?.programId;
/** How many of two pings of that many bytes are answered. */
async function ping(bytes: number): Promise<number> {
  const args = ['-c', '2', '-i', '0.1', '-W', '1', '-s', String(bytes), lab.host.address(4)];
  return Number(/(\d+) received/.exec((await lab.client.exec('ping', args)).stdout)?.[1]);
}

test("another's program keeps XDP and runs first; what it passes on is judged behind it, whoever ends or comes", async () => {
  const daemon = await lab.start();
  const applied = lab.ask('apply', 'drop.yaml');
  expect(applied).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringContaining('in force on eth0 (chained)'),
  });
  expect(lab.ask('status')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^eth0 +chained: at TC +attached$/m),
  });
  const before = foreign.count();
  expect(await ping(56)).toBe(0);
  expect(counted('pings')).toBe(2);
  expect(await ping(1200)).toBe(0);
  // What it drops never comes to Sluice.
  expect(counted('pings')).toBe(2);
  expect(foreign.count()).toBeGreaterThanOrEqual(before + 4);

  expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
  expect(await ping(56)).toBe(2);
  expect(await ping(1200)).toBe(0);
  expect(lab.ask('apply', 'drop.yaml', '--confirm', '2s').status).toBe(0);
  expect(await ping(56)).toBe(0);
  await expect.poll(() => ping(56), { timeout: 6000 }).toBe(2);
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);

  await lab.kill(daemon);
  expect(await ping(56)).toBe(0);
  const next = await lab.start();
  await next.printed(/adopted/);
  expect(await ping(56)).toBe(0);
  expect(json('status').interfaces).toMatchObject([{ name: 'eth0', mode: 'chained', attached: true }]);
  expect(programAtXdp()).toBe(foreign.programId);

  // It goes, and XDP stays free for it.
  foreign.detach();
  expect(await ping(56)).toBe(0);
  foreign = attachForeignXdp(lab.host.path, 'eth0');
  expect(await ping(56)).toBe(0);
  expect(lab.ask('down').stdout).toBe('taken down from eth0\n');
  expect(await ping(56)).toBe(2);
  expect(programAtXdp()).toBe(foreign.programId);
});

test('an interface that comes, and comes back, is chained as the policy says', async () => {
  await lab.start();
  lab.ask('apply', 'drop.yaml');
  for (let round = 0; round < 2; round++) {
    await lab.host.exec('ip', ['link', 'add', 'wan0', 'type', 'veth', 'peer', 'name', 'lan0']);
    await expect
      .poll(() => json('status').interfaces)
      .toMatchObject([{ name: 'eth0' }, { name: 'wan0', mode: 'chained', attached: true }]);
    using other = attachForeignXdp(lab.host.path, 'wan0');
    expect(other.programId).toBeGreaterThan(0);
    await lab.host.exec('ip', ['link', 'delete', 'wan0']);
    await expect.poll(() => json('status').awaited).toEqual(['wan*']);
  }
});

test('it is asked for: else the error says how, and what is chained does not come to be unjudged', async () => {
  await lab.start();
  expect(lab.ask('apply', 'xdp.yaml')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('`chained: [eth0]`'),
  });
  lab.ask('apply', 'drop.yaml');
  expect(lab.ask('apply', 'xdp.yaml')).toMatchObject({ status: 1, stderr: expect.stringContaining('"foreign"') });
  expect(await ping(56)).toBe(0);
  foreign.detach();
  // To XDP, on trial, and back.
  expect(lab.ask('apply', 'xdp.yaml', '--confirm', '1m')).toMatchObject({ status: 0, stderr: '' });
  expect(await ping(56)).toBe(0);
  expect(lab.ask('rollback').status).toBe(0);
  expect(json('status').interfaces).toMatchObject([{ name: 'eth0', mode: 'chained', attached: true }]);
  expect(await ping(56)).toBe(0);
  expect(programAtXdp()).toBeUndefined();
  expect(lab.ask('apply', 'xdp.yaml').status).toBe(0);
  expect(json('status').interfaces).toMatchObject([{ name: 'eth0', mode: 'native', attached: true }]);
  expect(await ping(56)).toBe(0);
  expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
  expect(json('status').interfaces).toMatchObject([{ name: 'eth0', mode: 'chained', attached: true }]);
  expect(await ping(56)).toBe(2);
  expect(programAtXdp()).toBeUndefined();
});

test('what is observed there is compared with what is enforced there', async () => {
  await lab.start();
  lab.ask('apply', 'allow.yaml');
  expect(lab.ask('apply', 'drop.yaml', '--observe').status).toBe(0);
  expect(await ping(56)).toBe(2);
  expect(json('status').daemon.differences).toMatchObject([
    { enforced: { name: 'pings', verdict: 'allow' }, observed: { name: 'pings', verdict: 'drop' }, packets: 2 },
  ]);
  expect(lab.ask('confirm').status).toBe(0);
  expect(await ping(56)).toBe(0);
});
