import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { createFolder, type Folder, type Running, sluice, startSluice } from './sluice.ts';

let lab: Lab;
let host: LabHost;
let netns: string[];
let folder: Folder;
const running: Running[] = [];

beforeAll(async () => {
  folder = createFolder({
    'globs.yaml': 'version: 1\ninterfaces: [eth0, "wan?"]\ningress: { rules: [{ interface: "wan?", action: drop }] }\n',
  });
  lab = await createPair({ name: 'comes' });
  host = lab.host('host');
  netns = ['--netns', host.path];
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ ended }) => ended));
  sluice(['down', ...netns]);
});
afterAll(async () => {
  await lab?.close();
  folder?.remove();
});

function up(...args: string[]): Running {
  const started = startSluice(['up', 'globs.yaml', ...netns, ...args], folder.path);
  running.push(started);
  return started;
}
const status = (...args: string[]) => sluice(['status', ...netns, ...args]);

test('`up` refuses a glob that no interface is there for, and says how many there are', async () => {
  const { status: code, stderr } = await up().ended;
  expect(code).toBe(1);
  expect(stderr).toContain(
    'interface "wan?": there is none that it stands for; there are lo, eth0 [kernel/interface-missing]',
  );
});

test('`up --wait` and `status` tell of interfaces that come and go', async () => {
  const waiting = up('--wait');
  await waiting.printed(/globs\.yaml is in force on eth0 \(native\), awaits wan\?; Ctrl-C takes it down/);
  expect(status()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^wan\? +awaited$/m) });

  await host.exec('ip', ['link', 'add', 'wan0', 'type', 'veth', 'peer', 'name', 'lan0']);
  await waiting.printed(/interface wan0 is judged from now on/);
  expect(status()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^wan0 +native +attached$/m) });

  await host.exec('ip', ['link', 'set', 'wan0', 'name', 'wan1']);
  await waiting.printed(/interface wan1 was wan0: rules know it by its new name/);
  await host.exec('ip', ['link', 'set', 'wan1', 'name', 'other']);
  await waiting.printed(/interface wan1 is other now, which the policy is not for/);
  await host.exec('ip', ['link', 'set', 'other', 'name', 'wan2']);
  await waiting.printed(/interface wan2, which was other, is judged from now on/);
  await host.exec('ip', ['link', 'delete', 'wan2']);
  await waiting.printed(/interface wan2 is gone/);

  waiting.child.kill('SIGKILL');
  await waiting.ended;
  await host.exec('ip', ['link', 'add', 'wan5', 'type', 'veth', 'peer', 'name', 'lan5']);
  // Nobody is there to attach to it.
  expect(status()).toMatchObject({ status: 1, stdout: expect.stringMatching(/^wan5 +not attached$/m) });
  const data = JSON.parse(status('-o', 'json').stdout);
  expect(data).toMatchObject({ awaited: [], unattached: [{ name: 'wan5', xdp: false, ethernet: true }] });

  const again = up('--wait', '-o', 'ndjson');
  await again.printed(/"event":"up".*"name":"wan5"/);
  await host.exec('ip', ['link', 'delete', 'wan5']);
  await again.printed(/\{"event":"interface","name":"wan5","ifindex":\d+,"what":"gone","problems":\[\]\}/);
});
