import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listTcpSockets, parseTcpSocket } from '../../datapath/tcp-sockets.ts';
import { parseAddress } from '../../packet/address.ts';
import { parseSshConnection, sshConnectionOf } from './ssh-connection.ts';
import { describeSession } from './ssh-session.ts';

test.each([
  ['198.51.100.7 40000 192.0.2.10 22', '198.51.100.7:40000 > 192.0.2.10:22'],
  ['2001:db8::7 40000 2001:db8::10 22', '[2001:db8::7]:40000 > [2001:db8::10]:22'],
  ['fe80::7%eth0 40000 fe80::10%eth0 22', '[fe80::7]:40000 > [fe80::10]:22'],
  ['::ffff:198.51.100.7 40000 ::ffff:192.0.2.10 22', '198.51.100.7:40000 > 192.0.2.10:22'],
])('SSH_CONNECTION %s', (text, session) => {
  expect(describeSession(parseSshConnection(text) as NonNullable<ReturnType<typeof parseSshConnection>>)).toBe(session);
});

test.each(['', 'nonsense', '198.51.100.7 40000 192.0.2.10', '198.51.100.7 99999 192.0.2.10 22', '1 2 3 4'])(
  'SSH_CONNECTION "%s" is none',
  (text) => expect(parseSshConnection(text)).toBeUndefined(),
);

test('a line of /proc/net/tcp, and one of tcp6 whose addresses are those of IPv4', () => {
  const v4 = '   1: 0A0200C0:0016 076433C6:9C40 01 00000000:00000000 00:00000000 00000000     0        0 123 1 ff';
  const v6 = v4
    .replace('0A0200C0', '0000000000000000FFFF00000A0200C0')
    .replace('076433C6', '0000000000000000FFFF0000076433C6');
  const expected = {
    state: 'established',
    local: parseAddress('192.0.2.10'),
    localPort: 22,
    remote: parseAddress('198.51.100.7'),
    remotePort: 40_000,
    inode: '123',
  };
  expect(parseTcpSocket(v4)).toEqual(expected);
  expect(parseTcpSocket(v6)).toEqual(expected);
  expect(parseTcpSocket('')).toBeUndefined();
});

test('a socket of this very process is in the list', async () => {
  const server = createServer().listen(0, '::1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  expect(listTcpSockets()).toContainEqual(
    expect.objectContaining({ state: 'listening', local: parseAddress('::1'), localPort: port }),
  );
  server.close();
});

test('SSH_CONNECTION is found in an ancestor where it was taken out of the environment, as by sudo', () => {
  const module = new URL('./ssh-connection.ts', import.meta.url).pathname;
  const script = `import(${JSON.stringify(module)}).then((m) => console.log(m.sshConnectionOf()))`;
  const node = `${process.execPath} --import tsx -e '${script}'`;
  // The shell has it from its start; env(1) takes it from what it starts. The second command keeps the shell there.
  const { stdout } = spawnSync('bash', ['-c', `env -u SSH_CONNECTION ${node}; true`], {
    encoding: 'utf8',
    env: { ...process.env, SSH_CONNECTION: '198.51.100.7 40000 192.0.2.10 22' },
  });
  expect(stdout.trim()).toBe('198.51.100.7 40000 192.0.2.10 22');
  expect(sshConnectionOf(0)).toBeUndefined();
});
