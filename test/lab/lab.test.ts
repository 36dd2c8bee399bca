import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLab, createPair, type Lab } from '../../src/lab/index.ts';

/** Those of the lab; other labs may come and go meanwhile. */
const namespacesOf = (lab: string): string[] =>
  existsSync('/var/run/netns') ? readdirSync('/var/run/netns').filter((name) => name.startsWith(`sluice-${lab}.`)) : [];

/** A dead process whose parent has not asked for its status does not run. */
const runs = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('a lab', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ name: 'test' });
    await lab.host('server').serveHttp(80);
    await lab.host('server').serveEcho(7);
  });
  afterAll(() => lab.close());

  test.each(['client', 'attacker'])('%s reaches the server through the router, in both families', async (from) => {
    for (const family of [4, 6] as const) {
      const target = lab.host('server').address(family);
      const { stdout } = await lab.host(from).exec('ping', ['-c', '1', '-W', '2', target]);
      expect(stdout).toContain('1 received');
    }
  });

  test.each(['192.0.2.10', '[2001:db8:5e::10]'])('the web server answers on %s', async (address) => {
    const { stdout } = await lab.host('client').exec('curl', ['-sS', '--max-time', '5', `http://${address}/`]);
    expect(stdout).toBe('hello from server\n');
  });

  test.each([
    ['TCP', ['-N', '-w', '2', '192.0.2.10', '7']],
    ['UDP', ['-u', '-W', '1', '-w', '2', '2001:db8:5e::10', '7']],
  ])('the echo server answers over %s', async (_, args) => {
    expect((await lab.host('client').exec('nc', args, { input: 'is anyone there?' })).stdout).toBe('is anyone there?');
  });

  test('iperf3 moves data', async () => {
    const server = await lab.host('server').spawn('iperf3', ['--server', '--one-off', '--forceflush']);
    await server.printed('Server listening');
    const { stdout } = await lab
      .host('client')
      .exec('iperf3', ['--client', lab.host('server').address(6), '--bytes', '10M', '--json']);
    const report = JSON.parse(stdout) as { end: { sum_sent: { bytes: number } } };
    expect(report.end.sum_sent.bytes).toBeGreaterThanOrEqual(10_000_000);
  });

  test('a command that takes too long is killed', async () => {
    expect(await lab.host('client').exec('sleep', ['60'], { timeoutMs: 50 })).toMatchObject({ status: null });
  });

  test('a command that ends badly is a result', async () => {
    expect(await lab.host('client').exec('sh', ['-c', 'echo no >&2; exit 3'])).toEqual({
      status: 3,
      stdout: '',
      stderr: 'no\n',
    });
  });

  test('a program that never gets ready is an error that has its last words', async () => {
    const program = await lab.host('client').spawn('sh', ['-c', 'echo the port is taken >&2']);
    await expect(program.printed('ready')).rejects.toThrow('the port is taken');
  });

  test('a host that is not there is an error that names those that are', () => {
    expect(() => lab.host('clinet')).toThrow('no host "clinet", only client, attacker, router, server');
  });
});

describe('nothing is left', () => {
  test('after close, also of programs that ignore SIGTERM or left their group', async () => {
    const pair = await createPair({ name: 'closed' });
    expect(namespacesOf('closed')).toHaveLength(2);
    const stubborn = await pair.host('host').spawn('sh', ['-c', 'trap "" TERM; echo up; while :; do sleep 1; done']);
    const escaped = await pair.host('host').spawn('sh', ['-c', 'setsid sleep 600 & echo $!; wait']);
    await stubborn.printed('up');
    await escaped.printed(/\d+\n/);
    const escapedPid = Number(escaped.output().stdout);
    expect(runs(escapedPid)).toBe(true);

    await pair.close();
    await pair.close();
    await expect.poll(() => [runs(stubborn.pid), runs(escapedPid)]).toEqual([false, false]);
    expect(namespacesOf('closed')).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('after %s', async (signal) => {
    const lab = signal.toLowerCase();
    const owner = await ownerOf(lab);
    expect(namespacesOf(lab)).toHaveLength(2);

    owner.kill(signal);
    expect(await owner.ended).toBe(signal);
    expect(namespacesOf(lab)).toEqual([]);
    await expect.poll(() => runs(owner.insidePid)).toBe(false);
  });

  test('after kill -9, once the next lab has started', async () => {
    const owner = await ownerOf('killed');
    owner.kill('SIGKILL');
    await owner.ended;
    await (await createPair()).close();
    expect(namespacesOf('killed')).toEqual([]);
    await expect.poll(() => runs(owner.insidePid)).toBe(false);
  });

  test('of a lab that cannot be set up', async () => {
    const topology = { hosts: [{ name: 'alone', gateways: ['192.0.2.1'] }], links: [] };
    await expect(createLab({ name: 'impossible', topology })).rejects.toThrow('setting up the lab');
    expect(namespacesOf('impossible')).toEqual([]);
  });
});

test('the lab of a process that lives is left alone', async () => {
  const owner = await ownerOf('living');
  await (await createPair()).close();
  expect(namespacesOf('living')).toHaveLength(2);
  expect(runs(owner.insidePid)).toBe(true);
  owner.kill('SIGTERM');
  await owner.ended;
});

/** Another process with a lab of that name, in which a program runs. */
async function ownerOf(lab: string) {
  const script = `
    import { createPair } from './src/lab/index.ts';
    const pair = await createPair({ name: '${lab}' });
    const inside = await pair.host('host').spawn('sleep', ['600']);
    console.log(inside.pid);
    setInterval(() => {}, 1000);
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => owner.once('close', (_, signal) => resolve(signal)));
  const insidePid = await new Promise<number>((resolve) => owner.stdout.once('data', (text) => resolve(Number(text))));
  return { insidePid, ended, kill: (signal: NodeJS.Signals) => owner.kill(signal) };
}

test('the machine outside of the lab keeps its addresses', async () => {
  const addresses = () => execFileSync('ip', ['-brief', 'address'], { encoding: 'utf8' });
  const before = addresses();
  const lab = await createLab();
  expect(addresses()).toBe(before);
  await lab.close();
});
