import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDaemonLab, type DaemonLab, pings } from './daemon.ts';

let lab: DaemonLab;

beforeAll(async () => {
  lab = await createDaemonLab('daemon-life');
  lab.write('allow.yaml', pings('allow'));
  lab.write('drop.yaml', pings('drop'));
  lab.write('reject.ts', `export default { version: 1, interfaces: ['eth0'], ingress: { default: 'drop' } };\n`);
});
afterEach(async () => {
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

const json = (name: string, ...args: readonly string[]) => JSON.parse(lab.ask(name, ...args, '-o', 'json').stdout);
const counted = (rule: string): number =>
  json('rules').counters.find((one: { rule: string }) => one.rule === rule).packets;

test('what is applied is in force, what is rolled back to is again, and history tells who did what', async () => {
  await lab.start();
  expect(lab.ask('status')).toMatchObject({ status: 1, stdout: expect.stringContaining('no policy is in force') });

  const applied = lab.ask('apply', 'drop.yaml');
  expect(applied).toMatchObject({ status: 0, stderr: '' });
  expect(applied.stdout).toMatch(/^drop\.yaml is in force on eth0 \(native\): revision 1, 1 rule \(\d+ ms, /m);
  expect(await lab.ping()).toBe(0);
  expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(2);

  // The file has changed since; the revision has not.
  lab.write('drop.yaml', 'version: 1\n');
  expect(lab.ask('rollback').stdout).toMatch(/drop\.yaml is in force on eth0 \(native\): revision 3/);
  expect(await lab.ping()).toBe(0);
  lab.write('drop.yaml', pings('drop'));
  expect(lab.ask('rollback', '2').status).toBe(0);
  expect(await lab.ping()).toBe(2);

  const { revisions } = json('history');
  expect(revisions.map(({ revision, what, to }: Record<string, unknown>) => [revision, what, to])).toEqual([
    [4, 'rollback', 2],
    [3, 'rollback', 1],
    [2, 'apply', null],
    [1, 'apply', null],
  ]);
  expect(revisions[3]).toMatchObject({
    policy: join(lab.folder, 'drop.yaml'),
    outcome: 'confirmed',
    who: { uid: 0, user: 'root', command: expect.stringMatching(/sluice apply .*drop\.yaml$/) },
  });
  expect(lab.ask('history').stdout).toMatch(/^ +1 +\S.* root.* apply +\S+\/drop\.yaml +done$/m);
  expect(lab.ask('history', '1').stdout).toContain('action: drop');
});

test('what is wrong with a policy is shown with its line, and changes nothing', async () => {
  await lab.start();
  lab.ask('apply', 'drop.yaml');
  lab.write('bad.yaml', pings('dorp'));
  const bad = lab.ask('apply', 'bad.yaml');
  expect(bad.status).toBe(1);
  expect(bad.stderr).toMatch(/unknown action "dorp".*\n {2}bad\.yaml:5:\d+\n {2}5 \| .*action: dorp }\n +\| +\^{4}\n/);
  expect(await lab.ping()).toBe(0);
  expect(json('history').revisions).toHaveLength(1);
});

test('an interface that is not there is awaited where that is asked for, which is told', async () => {
  await lab.start();
  lab.write('elsewhere.yaml', pings('drop').replace('[eth0]', '[eth0, eth7, "wan*"]'));
  const { status, stderr } = lab.ask('apply', 'elsewhere.yaml', '--wait');
  expect(status).toBe(0);
  expect(stderr).toContain(
    'interface "eth7" is not there: it is attached when it appears [datapath/interface-awaited]',
  );
  expect(stderr).not.toContain('wan*');
  expect(json('status')).toMatchObject({ interfaces: [{ name: 'eth0', attached: true }], awaited: ['eth7', 'wan*'] });
  expect(await lab.ping()).toBe(0);
});

test('a dry run changes nothing', async () => {
  await lab.start();
  const { status, stdout } = lab.ask('apply', 'drop.yaml', '--dry-run');
  expect(status).toBe(0);
  expect(stdout).toContain('nothing has changed');
  expect(await lab.ping()).toBe(2);
  expect(json('history').revisions).toEqual([]);
});

test('an apply that nobody confirms is rolled back; until then there is no other; confirmed, it stays', async () => {
  await lab.start();
  lab.ask('apply', 'allow.yaml');
  const trial = lab.ask('apply', 'drop.yaml', '--confirm', '3s');
  expect(trial.stdout).toMatch(/is on trial on eth0 .*\n`sluice confirm` within [23] s keeps it;/);
  expect(await lab.ping()).toBe(0);
  expect(lab.ask('apply', 'allow.yaml').stderr).toMatch(/drop\.yaml waits to be confirmed.*\[daemon\/unconfirmed\]/);
  expect(json('status').daemon).toMatchObject({ revision: { revision: 1 }, waiting: { revision: 2 } });
  await expect.poll(() => lab.ping(1), { timeout: 6000 }).toBe(1);
  await expect.poll(() => json('history').revisions[0]).toMatchObject({ revision: 2, outcome: 'expired' });

  lab.ask('apply', 'drop.yaml', '--confirm', '3s');
  expect(lab.ask('confirm').stdout).toMatch(/drop\.yaml is in force for good: revision 3/);
  await setTimeout(3500);
  expect(await lab.ping()).toBe(0);
  expect(lab.ask('confirm').stderr).toContain('[datapath/nothing-pending]');

  lab.ask('apply', 'allow.yaml', '--confirm', '1m');
  expect(await lab.ping()).toBe(2);
  expect(lab.ask('rollback').stdout).toMatch(/drop\.yaml is in force .*revision 3/);
  expect(await lab.ping()).toBe(0);
});

test('a killed daemon changes no verdict, and the next one goes on with policy and counters', async () => {
  const first = await lab.start();
  lab.ask('apply', 'drop.yaml');
  expect(await lab.ping(3)).toBe(0);
  await lab.kill(first);
  expect(await lab.ping(2)).toBe(0);

  const second = await lab.start();
  await second.printed(/adopted: revision 1/);
  expect(counted('pings')).toBe(5);
  expect(await lab.ping(1)).toBe(0);
  expect(counted('pings')).toBe(6);
  expect(json('history').revisions).toHaveLength(1);
  expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
  expect(counted('pings')).toBe(6);
  expect(await lab.ping()).toBe(2);
});

test('told to end, it leaves the kernel enforcing, and no socket', async () => {
  const { child, ended } = await lab.start();
  lab.ask('apply', 'drop.yaml');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0, signal: null });
  expect(await lab.ping()).toBe(0);
  expect(lab.ask('status').stdout).toContain('no daemon runs here');
  expect(lab.ask('apply', 'allow.yaml').stderr).toMatch(
    /no daemon runs here \(socket \/run\/sluice\/net-\d+\/daemon\.sock\) \[daemon\/not-running\]\n {2}help: Start it with `systemctl start sluice` or `sluice run`/,
  );
});

test('a trial outlives a killed daemon until its deadline, and may be confirmed by the next', async () => {
  const first = await lab.start();
  lab.ask('apply', 'allow.yaml');
  lab.ask('apply', 'drop.yaml', '--confirm', '3s');
  await lab.kill(first);
  expect(await lab.ping(1)).toBe(0);
  await expect.poll(() => lab.ping(1), { timeout: 6000 }).toBe(1);
  const second = await lab.start();
  await second.printed(/adopted: revision 1/);
  expect(json('history').revisions[0]).toMatchObject({ outcome: 'expired' });

  lab.ask('apply', 'drop.yaml', '--confirm', '20s');
  await lab.kill(second);
  await lab.start();
  expect(json('status').daemon).toMatchObject({ waiting: { revision: 3 } });
  expect(lab.ask('confirm').stdout).toContain('revision 3');
  expect(await lab.ping()).toBe(0);
  expect(json('history').revisions[0]).toMatchObject({ revision: 3, outcome: 'confirmed' });
});

test('`down` takes the policy out of force, and it stays so; after a restart of the machine the last policy is back', async () => {
  const first = await lab.start();
  lab.ask('apply', 'drop.yaml');
  expect(lab.ask('down').stdout).toBe('taken down from eth0\n');
  expect(await lab.ping()).toBe(2);
  await lab.kill(first);
  const second = await lab.start();
  expect(await lab.ping()).toBe(2);
  lab.ask('apply', 'reject.ts');
  expect(await lab.ping()).toBe(0);
  await lab.kill(second);

  // What a restart leaves: nothing in the kernel, and records of another place.
  lab.ask('down');
  lab.forgetPlace();
  rmSync(join(lab.folder, 'reject.ts'));
  const third = await lab.start();
  await third.printed(/restored: revision 4/);
  expect(await lab.ping()).toBe(0);
});

test('what `sluice up` left in force is adopted, and `up` is refused beside a daemon', async () => {
  const up = await lab.up('drop.yaml');
  await lab.kill(up);
  const daemon = await lab.start();
  await daemon.printed(/adopted: revision 1/);
  expect(await lab.ping()).toBe(0);
  const refused = lab.ask('up', 'allow.yaml');
  expect(refused.stderr).toMatch(
    new RegExp(`process ${daemon.child.pid} is the daemon .*\\[daemon/already-running\\]`),
  );
  expect(refused.stderr).toContain('sluice apply allow.yaml');
  expect(existsSync(lab.stateDir)).toBe(true);
});

test('a daemon that waits for `sluice up` to end does what it is asked for once it has, and waits no more', async () => {
  const up = await lab.up('drop.yaml');
  await lab.start();
  expect(lab.ask('status').stderr).toMatch(/this daemon waits until it ends/);
  up.child.kill('SIGTERM');
  await up.ended;
  expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
  await setTimeout(2500);
  expect(lab.ask('status')).toMatchObject({ status: 0, stderr: '' });
});

test('a record that another network namespace has left under the same number is not taken for what is in force', async () => {
  const first = await lab.start();
  lab.ask('apply', 'drop.yaml');
  const record = readFileSync(lab.record);
  lab.ask('down');
  await lab.kill(first);
  rmSync(lab.stateDir, { recursive: true });
  mkdirSync(dirname(lab.record), { recursive: true });
  writeFileSync(lab.record, record);
  await lab.start();
  expect(await lab.ping()).toBe(2);
  expect(json('history').revisions).toEqual([]);
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(0);
});

test('what the kernel has lost, of this very network namespace, the next daemon puts in force again', async () => {
  const first = await lab.start();
  lab.ask('apply', 'drop.yaml');
  await lab.kill(first);
  rmSync(lab.pins, { recursive: true });
  // The kernel lets go of programs a little later.
  await expect.poll(() => lab.ping()).toBe(2);
  await lab.start();
  expect(await lab.ping()).toBe(0);
  expect(json('history').revisions).toHaveLength(1);
});
