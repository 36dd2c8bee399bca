import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { attachForeignXdp } from '../foreign-xdp.ts';
import { createDaemonLab, type DaemonLab, pings } from './daemon.ts';

let lab: DaemonLab;

beforeAll(async () => {
  lab = await createDaemonLab('had');
  lab.write('drop.yaml', pings('drop'));
  lab.write('allow.yaml', pings('allow'));
  lab.write('glob.yaml', pings('drop').replace('[eth0]', '["eth*", "wan*"]'));
  lab.write('typo.yaml', pings('drop').replace('[eth0]', '[ethO]'));
  lab.write('both.yaml', pings('drop').replace('[eth0]', '[eth0, wan0]'));
});
afterEach(async () => {
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

const json = (name: string, ...args: readonly string[]) => JSON.parse(lab.ask(name, ...args, '-o', 'json').stdout);
const ip = (...args: readonly string[]) => lab.host.exec('ip', args);

test('a name that no interface has is refused with the one that was meant; nothing goes live, a dry run says the same', async () => {
  await lab.start();
  lab.ask('apply', 'allow.yaml');
  for (const how of [[], ['--dry-run'], ['--force'], ['--confirm', '1m'], ['--observe']]) {
    const { status, stderr } = lab.ask('apply', 'typo.yaml', ...how);
    expect(stderr).toMatch(
      /interface "ethO": .* there are lo, eth0 \[kernel\/interface-missing\]\n.*did you mean "eth0"\?/,
    );
    expect(stderr).toContain('--wait');
    expect(status).toBe(1);
  }
  expect(json('history').revisions).toHaveLength(1);
  expect(json('status').daemon.revision.revision).toBe(1);
  expect(await lab.ping()).toBe(2);

  const { status, stderr } = lab.ask('apply', 'typo.yaml', '--wait');
  expect(status).toBe(0);
  expect(stderr).toContain('warning: interface "ethO" is not there');
});

test("another's XDP program is refused by name and number, never replaced; with --wait its interface is taken when it is free", async () => {
  await lab.start();
  using foreign = attachForeignXdp(lab.host.path, 'eth0');
  for (const how of [[], ['--dry-run']]) {
    const { status, stderr } = lab.ask('apply', 'drop.yaml', ...how);
    expect(status).toBe(1);
    expect(stderr).toContain(`interface "eth0": XDP program "foreign" (id ${foreign.programId}) is attached already`);
    expect(stderr).toMatch(/\[kernel\/interface-busy\]\n {2}help: .*ip link set dev eth0 xdp off.*--wait/);
  }
  expect(json('history').revisions).toEqual([]);
  expect(json('status').inForce).toBe(false);

  const dry = lab.ask('apply', 'drop.yaml', '--wait', '--dry-run');
  expect(dry).toMatchObject({ status: 0, stderr: expect.stringMatching(/warning: .*"foreign".*interface-busy/) });
  const waiting = lab.ask('apply', 'drop.yaml', '--wait');
  expect(waiting).toMatchObject({ status: 0, stderr: expect.stringMatching(/warning: .*"foreign".*interface-busy/) });
  expect(waiting.stdout).toContain('in force on no interface yet');
  const before = foreign.count();
  expect(await lab.ping()).toBe(2);
  expect(foreign.count()).toBeGreaterThanOrEqual(before + 2);
  // It waits already: another version is no reason to refuse.
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
  foreign.detach();
  await expect.poll(() => lab.ping(1), { timeout: 20_000 }).toBe(0);
});

test('an interface without Ethernet headers is refused; what globs stand for is awaited', async () => {
  await ip('tuntap', 'add', 'dev', 'wan0', 'mode', 'tun');
  try {
    await lab.start();
    const { status, stderr } = lab.ask('apply', 'both.yaml');
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/"wan0".*datapath\/not-ethernet/),
    });
    expect(await lab.ping()).toBe(2);
    expect(lab.ask('apply', 'both.yaml', '--wait')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('not-ethernet'),
    });
    expect(await lab.ping()).toBe(0);
    lab.ask('down');
    expect(lab.ask('apply', 'glob.yaml')).toMatchObject({ status: 0, stderr: expect.stringContaining('not-ethernet') });
    expect(await lab.ping()).toBe(0);
  } finally {
    await ip('link', 'delete', 'wan0');
  }
});

test('an interface of the policy in force that has vanished bars neither its next version, nor a rollback, nor a start', async () => {
  await ip('link', 'add', 'wan0', 'type', 'veth', 'peer', 'name', 'lan0');
  const first = await lab.start();
  lab.ask('apply', 'both.yaml');
  await ip('link', 'delete', 'wan0');
  await expect.poll(() => json('status').awaited).toEqual(['wan0']);
  expect(lab.ask('apply', 'both.yaml', '--dry-run').status).toBe(0);
  expect(lab.ask('apply', 'both.yaml').status).toBe(0);
  await lab.kill(first);
  await lab.start();
  expect(lab.ask('apply', 'both.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(0);

  // It is none of the policy in force any more: to name it again is refused, to go back to it is not.
  expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
  expect(lab.ask('apply', 'both.yaml')).toMatchObject({ status: 1, stderr: expect.stringContaining('"wan0"') });
  expect(lab.ask('rollback', '1')).toMatchObject({ status: 0, stderr: expect.stringContaining('interface-awaited') });
  expect(await lab.ping()).toBe(0);
});
