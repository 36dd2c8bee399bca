import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startCommand } from '../cli/sluice.ts';
import { createDaemonLab, type DaemonLab, pings } from './daemon.ts';

const unit = readFileSync('packaging/systemd/sluice.service', 'utf8');
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

let lab: DaemonLab;

beforeAll(async () => {
  lab = await createDaemonLab('daemon-service');
  lab.write('allow.yaml', pings('allow'));
  lab.write('drop.yaml', pings('drop'));
});
afterEach(() => lab.clear());
afterAll(() => lab?.close());

test('the unit is in order, and what it takes from the process is much', () => {
  const path = join(lab.folder, 'sluice.service');
  writeFileSync(path, unit.replace('/usr/bin/sluice', resolve('bin/sluice')));
  expect(spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', path], { encoding: 'utf8' });
  expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(3);
});

test('everything works with the capabilities of the unit and no other', async () => {
  const names = setting('CapabilityBoundingSet').split(' ');
  expect(names).toEqual(['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN']);
  const bounding = ['-all', ...names.map((name) => `+${name.slice(4).toLowerCase()}`)].join(',');
  const under = ['setpriv', '--bounding-set', bounding, '--inh-caps=-all', '--no-new-privs'];
  const first = await lab.startUnder(under);
  const effective = /^CapEff:\s*(\w+)$/m.exec(readFileSync(`/proc/${first.child.pid}/status`, 'utf8'))?.[1];
  expect(Number.parseInt(effective ?? '', 16)).toBe(2 ** 39 + 2 ** 38 + 2 ** 12);

  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(0);
  expect(lab.ask('apply', 'allow.yaml', '--confirm', '1m').status).toBe(0);
  expect(lab.ask('confirm').status).toBe(0);
  expect(await lab.ping()).toBe(2);
  expect(lab.ask('apply', 'drop.yaml', '--observe').status).toBe(0);
  expect(lab.ask('rollback').status).toBe(0);
  expect(lab.ask('rollback').status).toBe(0);
  expect(await lab.ping()).toBe(0);
  await lab.kill(first);
  const second = await lab.startUnder(under);
  await second.printed(/adopted/);
  expect(JSON.parse(lab.ask('history', '-o', 'json').stdout).revisions[0].who).toMatchObject({ uid: 0, user: 'root' });
  expect(lab.ask('down').status).toBe(0);
});

/** Takes datagrams as systemd does: Node cannot. Prints a line for each. */
const SYSTEMD = `
  use IO::Socket::UNIX; use Socket; $| = 1;
  my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
  print "ready\\n";
  while (defined $socket->recv(my $said, 4096)) { print "$said\\n"; }
`;

test('systemd is told when it is ready, and when it ends', async () => {
  const socket = join(lab.folder, 'notify');
  const systemd = startCommand(['perl', '-e', SYSTEMD, socket], lab.folder);
  await systemd.printed(/ready/);
  const { child, ended } = await lab.startUnder([], { NOTIFY_SOCKET: socket });
  await systemd.printed(/READY=1/);
  child.kill('SIGTERM');
  await ended;
  await systemd.printed(/STOPPING=1/);
  systemd.child.kill();
  await systemd.ended;
});

test('with a thousand rules it takes little memory, and no time when it has nothing to do', async () => {
  const { child } = await lab.start();
  const rules = (shift: number): string =>
    Array.from(
      { length: 1000 },
      (_, i) =>
        `    - { name: r${i}, protocol: tcp, from: 10.${i >> 8}.${i & 255}.0/24, port: ${1000 + shift + i}, action: drop }\n`,
    ).join('');
  for (let version = 0; version < 3; version++) {
    lab.write('many.yaml', `version: 1\ninterfaces: [eth0]\ningress:\n  rules:\n${rules(version)}`);
    const { state, totalMs } = JSON.parse(lab.ask('apply', 'many.yaml', '-o', 'json').stdout);
    expect(state).toBe('in-force');
    console.log(`apply of 1,000 rules: ${totalMs} ms`);
  }
  // What the applies took goes back at the second look that finds it at rest.
  await setTimeout(12_000);
  const before = cpuTicks(child.pid as number);
  await setTimeout(5000);
  const percent = (cpuTicks(child.pid as number) - before) / 5;
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const megabytes = Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) / 1000;
  console.log(`idle: ${megabytes} MB resident, ${percent} % of a core`);
  expect(megabytes).toBeLessThan(90);
  expect(percent).toBeLessThanOrEqual(1);
});

/** Hundredths of a second that a process has used. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}
