import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inNamespace, listInterfaces, namespaceInode } from '../../../src/kernel/index.ts';
import { command, startCommand, startSluice } from '../../cli/sluice.ts';
import { attachForeignXdp } from '../../foreign-xdp.ts';
import { createDaemonLab, type DaemonLab, pings } from '../daemon.ts';

let lab: DaemonLab;

beforeAll(async () => {
  lab = await createDaemonLab('faults');
  lab.write('allow.yaml', pings('allow'));
  lab.write('drop.yaml', pings('drop'));
});
afterEach(async () => {
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

const runFolder = (): string => join('/run/sluice', `net-${namespaceInode(lab.host.namespace)}`);
const socketOf = (): string => join(runFolder(), 'daemon.sock');
const json = (name: string, ...args: readonly string[]) => JSON.parse(lab.ask(name, ...args, '-o', 'json').stdout);
const residentKiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test("another's XDP program is told of by name, and stays; when it has gone the policy takes the interface", async () => {
  {
    using foreign = attachForeignXdp(lab.host.path, 'eth0');
    await lab.start();
    expect(lab.ask('apply', 'drop.yaml', '--wait').stderr).toMatch(/"foreign".*\[kernel\/interface-busy\]/);
    expect(lab.ask('status').status).toBe(1);
    const eth0 = inNamespace({ path: lab.host.path }, listInterfaces).find(({ name }) => name === 'eth0');
    expect(eth0?.xdp?.programId).toBe(foreign.programId);
    expect(await lab.ping()).toBe(2);
  }
  await expect.poll(() => lab.ping(1), { timeout: 20_000 }).toBe(0);
  expect(lab.ask('status').status).toBe(0);
});

test('a set that is full when a policy is applied: the error names the setting, and the policy before goes on', async () => {
  lab.write('many.txt', Array.from({ length: 5000 }, (_, n) => `10.0.${n >> 8}.${n & 255}\n`).join(''));
  const rule = '    - { name: blocklist, from: "@many", action: drop }\n';
  const sets = 'sets:\n  many: { dynamic: true, file: many.txt, memory: 4KiB }\n';
  lab.write('full.yaml', pings('allow').replace('ingress:\n', `${sets}ingress:\n`).concat(rule));
  await lab.start();
  lab.ask('apply', 'drop.yaml');
  const { status, stderr } = lab.ask('apply', 'full.yaml');
  expect(status).toBe(1);
  expect(stderr).toMatch(/set "many" .*\[policy\/set-too-large\]\n.*memory: 1MiB/);
  expect(await lab.ping()).toBe(0);
  expect(json('status')).toMatchObject({
    policy: join(lab.folder, 'drop.yaml'),
    daemon: { revision: { revision: 1 } },
  });
});

test('of daemons that start at once, one lives, and the others say which; ten times', async () => {
  const args = ['run', '--netns', lab.host.path, '--state-dir', lab.stateDir];
  for (let round = 0; round < 10; round++) {
    const both = [startSluice(args, lab.folder), startSluice(args, lab.folder)];
    const results = await Promise.allSettled(both.map((one) => one.printed(/listening/)));
    const [alive, ...more] = both.filter((_, at) => results[at]?.status === 'fulfilled');
    expect(more).toEqual([]);
    const other = both.find((one) => one !== alive);
    expect(await other?.ended).toMatchObject({ status: 1 });
    expect(other?.stderr()).toMatch(new RegExp(`(process ${alive?.child.pid}|another process) is the daemon of this`));
    alive?.child.kill('SIGKILL');
    await alive?.ended;
  }
});

test.each([
  ['a file', () => writeFileSync(socketOf(), 'not a socket')],
  ['a folder', () => mkdirSync(socketOf())],
  ['nothing', () => {}],
])(
  'the socket is replaced by %s: that is said, packets are judged, and the next daemon listens again',
  async (_, replace) => {
    const daemon = await lab.start();
    lab.ask('apply', 'drop.yaml');
    rmSync(socketOf());
    replace();
    expect(lab.ask('apply', 'allow.yaml')).toMatchObject({ status: 1, stderr: expect.stringContaining('daemon.sock') });
    expect(lab.ask('status').stdout).toContain('drop.yaml is in force');
    expect(await lab.ping()).toBe(0);
    await lab.kill(daemon);
    await lab.start();
    expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
    expect(await lab.ping()).toBe(2);
  },
);

test('/run/sluice is gone: packets are judged, and after a restart of the daemon it is mended', async () => {
  const daemon = await lab.start();
  lab.ask('apply', 'drop.yaml');
  rmSync(runFolder(), { recursive: true });
  expect(await lab.ping()).toBe(0);
  expect(lab.ask('status').stderr).toContain('[datapath/unknown-state]');
  await lab.kill(daemon);
  await lab.start();
  expect(await lab.ping()).toBe(0);
  expect(json('down').interfaces).toEqual(['eth0']);
  expect(await lab.ping()).toBe(2);
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(0);
});

test('the BPF file system is unmounted, and mounted anew: the daemon puts the policy in force again, and says so', async () => {
  // In mount namespaces of its own, for other tests have their pins in the machine's.
  const mounting = 'mount -t bpf bpf /sys/fs/bpf && exec "$@"';
  const own = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mounting, 'sh'];
  const daemon = await lab.startUnder(own);
  const inside = (...line: readonly string[]) =>
    startCommand(['nsenter', '-m', '-n', '-t', String(daemon.child.pid), ...line], lab.folder).ended;
  const ask = (...args: readonly string[]) => inside(process.execPath, command, ...args);
  const apply = await ask('apply', join(lab.folder, 'drop.yaml'));
  expect(apply.status).toBe(0);
  for (const [round, break_] of [
    ['umount', '/sys/fs/bpf'],
    // Those of this namespace alone: what was mounted over is the machine's.
    ['sh', '-c', 'rm -r "/sys/fs/bpf/sluice/net-$(stat -Lc %i /proc/self/ns/net)"'],
  ].entries()) {
    expect((await inside(...break_)).status).toBe(0);
    await expect.poll(() => lab.ping(1), { timeout: 10_000 }).toBe(0);
    const told = [...(daemon.stdout() + daemon.stderr()).matchAll(/is again \[daemon\/pins-lost\]/g)];
    expect(told).toHaveLength(round + 1);
    expect((await ask('status')).stdout).toMatch(/drop\.yaml is in force\n[\s\S]*revision +1,/);
  }
  // What somebody takes out of force stays so.
  expect((await ask('down')).stdout).toBe('taken down from eth0\n');
  await setTimeout(2500);
  expect(await lab.ping()).toBe(2);
});

test('a full disk: what is in force is not touched by it, an apply is done, and the history is told to be in memory', async () => {
  mkdirSync(lab.stateDir, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'sluice-test', lab.stateDir]);
  try {
    await lab.start();
    lab.ask('apply', 'drop.yaml');
    try {
      writeFileSync(join(lab.stateDir, 'filler'), Buffer.alloc(1 << 20));
    } catch {
      // It is full now.
    }
    const applied = lab.ask('apply', 'allow.yaml');
    expect(applied).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/ENOSPC.*\[daemon\/history-not-written\]/),
    });
    expect(await lab.ping()).toBe(2);
    rmSync(join(lab.stateDir, 'filler'));
    const again = lab.ask('apply', 'drop.yaml');
    expect(again.stderr).not.toContain('ENOSPC');
    expect(json('history').revisions).toHaveLength(3);
    await lab.clear();
  } finally {
    execFileSync('umount', [lab.stateDir]);
  }
});

test('a read-only state directory: the daemon starts, applies, and says what it cannot keep', async () => {
  mkdirSync(lab.stateDir, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'sluice-test', lab.stateDir]);
  try {
    await lab.start();
    const applied = lab.ask('apply', 'drop.yaml');
    expect(applied).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/EROFS.*\[daemon\/history-not-written\]/),
    });
    expect(await lab.ping()).toBe(0);
    await lab.clear();
  } finally {
    execFileSync('umount', [lab.stateDir]);
  }
});

/** Sends that, and closes nothing. */
async function send(text: string | Buffer): Promise<{ destroy(): void }> {
  const socket = connect(socketOf());
  socket.on('error', () => {});
  socket.write(text);
  await setTimeout(20);
  return socket;
}

test('clients that send half a request, garbage, 100 MB, and 200 at once: others are answered, and memory does not grow', {
  timeout: 120_000,
}, async () => {
  const { child } = await lab.start();
  lab.ask('apply', 'drop.yaml');
  const before = residentKiB(child.pid as number);
  const open = [await send('POST /v1/apply HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"pa')];
  open.push(await send(Buffer.alloc(4096, 0xff)), await send('GET /v1/nothing HTTP/9.9\r\n\r\n'));
  const head = (length: number) =>
    `POST /v1/apply HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  for (let times = 0; times < 3; times++)
    open.push(await send(Buffer.concat([Buffer.from(head(100e6)), Buffer.alloc(100e6, 0x20)])));
  for (let times = 0; times < 200; times++) open.push(await send('POST /v1/down HTTP/1.1\r\n'));
  expect(lab.ask('status', '-o', 'json').status).toBe(0);
  expect(json('status').daemon).not.toBeNull();
  expect(await lab.ping()).toBe(0);
  expect(lab.ask('apply', 'allow.yaml').status).toBe(0);
  expect(await lab.ping()).toBe(2);
  for (const one of open) one.destroy();
  await setTimeout(1000);
  expect(residentKiB(child.pid as number) - before).toBeLessThan(40 * 1024);
  expect(lab.ask('history').status).toBe(0);
});
