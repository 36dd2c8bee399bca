import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { namespaceInode } from '../../src/kernel/index.ts';
import { createDaemonLab, type DaemonLab, pings } from './daemon.ts';

let lab: DaemonLab;
let socket: string;

beforeAll(async () => {
  lab = await createDaemonLab('daemon-faults');
  socket = `/run/sluice/net-${namespaceInode({ path: lab.host.path })}/daemon.sock`;
  lab.write('allow.yaml', pings('allow'));
  lab.write('drop.yaml', pings('drop'));
});
afterEach(async () => {
  await lab.clear();
  rmSync(lab.stateDir, { recursive: true, force: true });
});
afterAll(() => lab?.close());

const json = (name: string, ...args: readonly string[]) => JSON.parse(lab.ask(name, ...args, '-o', 'json').stdout);
const historyFile = (name: string): string => join(lab.stateDir, 'history', name);

test('a second daemon is refused, and told which is the first', async () => {
  const { child } = await lab.start();
  const second = lab.ask('run', '--state-dir', join(lab.folder, 'other'));
  expect(second.status).toBe(1);
  expect(second.stderr).toMatch(
    new RegExp(`process ${child.pid} is the daemon of this .*\\[daemon/already-running\\]`),
  );
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
});

test('the socket is for root alone, and one that a killed daemon left is no obstacle', async () => {
  const first = await lab.start();
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const nobody = await lab.askAsNobody('history');
  expect(nobody.status).toBe(1);
  expect(nobody.stderr).toMatch(
    /daemon\.sock: EACCES \(user 65534 may not speak to the daemon\) \[kernel\/no-permission\]/,
  );
  await lab.kill(first);
  expect(statSync(socket).isSocket()).toBe(true);
  expect(lab.ask('apply', 'drop.yaml').stderr).toContain('[daemon/not-running]');
  await lab.start();
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
});

test('a daemon that hangs is told of; what is in force is shown all the same', async () => {
  const { child } = await lab.start();
  lab.ask('apply', 'drop.yaml');
  child.kill('SIGSTOP');
  const { status, stdout, stderr } = lab.ask('status');
  expect(status).toBe(0);
  expect(stdout).toMatch(/drop\.yaml is in force/);
  expect(stderr).toMatch(/^warning: the daemon at .* has not answered within 5 s \[daemon\/no-answer\]/);
  child.kill('SIGCONT');
  expect(lab.ask('status').stderr).toBe('');
});

test.each([
  ['request', ''],
  ['answer', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"rules":'],
])('a daemon that ends in the middle of a %s is told of, at once', async (_, begun) => {
  const daemon = await lab.start();
  await lab.kill(daemon);
  rmSync(socket);
  const server = createServer((connection) =>
    connection.once('data', () => connection.write(begun, () => connection.destroy())),
  );
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    const { status, stderr } = await lab.askMeanwhile('apply', 'drop.yaml');
    expect(status).toBe(1);
    expect(stderr).toContain('[daemon/connection-lost]');
  } finally {
    server.close();
  }
});

test('a damaged record hides no other, and is never overwritten', async () => {
  const first = await lab.start();
  for (const file of ['allow.yaml', 'drop.yaml', 'allow.yaml']) lab.ask('apply', file);
  await lab.kill(first);
  const text = readFileSync(historyFile('00000002.json'), 'utf8');
  writeFileSync(historyFile('00000002.json'), text.slice(0, 100));
  writeFileSync(historyFile('00000009.json'), '{}');

  await lab.start();
  const { status, stdout, stderr } = lab.ask('history');
  expect(status).toBe(0);
  expect(stderr).toMatch(/warning: revision 2 cannot be read: .*00000002\.json.*\[daemon\/damaged-revision\]/);
  expect(stdout).toMatch(/^ +3 .*\n +1 /m);
  expect(lab.ask('rollback', '2').stderr).toContain('error: revision 2 cannot be read');
  expect(lab.ask('rollback', '1').status).toBe(0);
  expect(lab.ask('rollback', '77').stderr).toMatch(/no revision 77 is kept.*\n.*there are 1 to 10/);
  expect(readdirSync(join(lab.stateDir, 'history'))).toContain('00000010.json');
});

test('a state directory that is read-only or full: a warning, and the policy is in force and can be rolled back', async () => {
  mkdirSync(lab.stateDir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=700', 'sluice-test', lab.stateDir]);
  try {
    writeFileSync(join(lab.stateDir, 'filler'), Buffer.alloc(4096));
    const daemon = await lab.start();
    lab.write('large.yaml', `${pings('drop')}# ${'x'.repeat(20_000)}\n`);
    const full = lab.ask('apply', 'large.yaml');
    expect(full.status).toBe(0);
    expect(full.stderr).toMatch(/warning: .*\/history: ENOSPC; .*\[daemon\/history-not-written\]/);
    expect(await lab.ping()).toBe(0);
    expect(lab.ask('status').stderr).toContain('ENOSPC');

    execFileSync('mount', ['-o', 'remount,ro,size=1m', lab.stateDir]);
    const readOnly = lab.ask('apply', 'allow.yaml');
    expect(readOnly.status).toBe(0);
    expect(readOnly.stderr).toMatch(/EROFS.*\[daemon\/history-not-written\]/);
    expect(await lab.ping()).toBe(2);
    expect(lab.ask('rollback', '1').status).toBe(0);
    expect(await lab.ping()).toBe(0);

    // What was not written is, once it can be.
    execFileSync('mount', ['-o', 'remount,rw,size=1m', lab.stateDir]);
    expect(lab.ask('apply', 'allow.yaml').stderr).toBe('');
    await lab.kill(daemon);
    await lab.start();
    expect(json('history').revisions.map(({ revision }: { revision: number }) => revision)).toEqual([4, 3, 2, 1]);
  } finally {
    await lab.clear();
    execFileSync('umount', [lab.stateDir]);
  }
});

test('what is not a request is answered with what is wrong', async () => {
  await lab.start();
  const post = (path: string, body: string): Promise<{ readonly problems: unknown }> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const sent = request({ socketPath: socket, method: 'POST', path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve(JSON.parse(text)));
      });
      sent.on('error', reject).end(body);
    });
  for (const [path, body] of [
    ['/v1/apply', '{"path":'],
    ['/v1/apply', '{"path":"relative.yaml","text":""}'],
    ['/v2/apply', '{}'],
    ['/v1/members', '{"set":"blocked","add":[],"remove":["192.0.2.1"]}'],
  ] as const) {
    const { problems } = await post(path, body);
    expect(problems).toMatchObject([{ code: 'daemon/bad-request', help: expect.any(String) }]);
  }
  expect(lab.ask('apply', 'drop.yaml').status).toBe(0);
});

test('several applies at once: each is done, one after the other, and all of them are in the history', async () => {
  await lab.start();
  const files = ['allow.yaml', 'drop.yaml', 'allow.yaml', 'drop.yaml'];
  const outcomes = await Promise.all(files.map((file) => lab.askMeanwhile('apply', file)));
  expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
  const { revisions } = json('history');
  expect(revisions).toHaveLength(4);
  expect(await lab.ping()).toBe(revisions[0].policy.endsWith('allow.yaml') ? 2 : 0);
});

test('nothing of a daemon is left where it has ended and nothing is in force', async () => {
  const { child, ended } = await lab.start();
  lab.ask('apply', 'drop.yaml');
  lab.ask('down');
  child.kill('SIGTERM');
  await ended;
  expect(() => statSync(dirname(socket))).toThrow('ENOENT');
});
