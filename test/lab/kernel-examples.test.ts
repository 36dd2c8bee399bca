import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPair, type Lab } from '../../src/lab/index.ts';

let pair: Lab;
beforeAll(async () => {
  pair = await createPair({ name: 'examples' });
  await pair.host('host').serveHttp(80);
});
afterAll(() => pair.close());

const example = (name: string, host: string) =>
  pair.host(host).spawn(process.execPath, ['--import', 'tsx', `examples/kernel/${name}.ts`, 'eth0']);

test('count-protocols counts what arrives, by protocol', async () => {
  const [client, host] = [pair.host('client'), pair.host('host')];
  const counting = await example('count-protocols', 'host');
  await counting.printed('counting on eth0, native XDP', 10_000);
  await client.exec('ping', ['-c', '3', '-i', '0.01', host.address(4)]);
  await client.exec('ping', ['-c', '2', '-i', '0.01', host.address(6)]);
  await counting.printed(/\bicmp 3\b/);

  process.kill(counting.pid, 'SIGINT');
  expect(await counting.ended).toBe(0);
  expect(counting.output().stderr).toBe('');
  expect((await host.exec('ip', ['-json', 'link', 'show', 'eth0'])).stdout).not.toContain('"xdp"');
});

test.each([4, 6] as const)('watch-connections tells of each connection that is opened over IPv%i', async (family) => {
  const [client, host] = [pair.host('client'), pair.host('host')];
  const server = family === 4 ? `${host.address(4)}:80` : `[${host.address(6)}]:80`;
  const port = `4000${family}`; // one that the other family has just used is not free at once
  const watching = await example('watch-connections', 'client');
  await watching.printed('watching eth0', 10_000);
  expect((await client.exec('curl', ['-sS', '--local-port', port, `http://${server}/`])).status).toBe(0);
  const source = family === 4 ? `${client.address(4)}:${port}` : `[${client.address(6)}]:${port}`;
  await watching.printed(`${source} > ${server}\n`);

  process.kill(watching.pid, 'SIGINT');
  expect(await watching.ended).toBe(0);
  expect(watching.output().stderr).toBe('');
});
