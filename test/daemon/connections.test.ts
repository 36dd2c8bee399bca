import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDaemonLab, type DaemonLab } from './daemon.ts';

let lab: DaemonLab;
beforeAll(async () => {
  lab = await createDaemonLab('daemon-connections');
  lab.write(
    'small.yaml',
    `version: 1
interfaces: [eth0]
connections: { size: 64, unproven: 16 }
ingress:
  default: drop
  rules:
    - { name: dns, protocol: udp, port: 53, action: allow }
`,
  );
});
afterAll(() => lab?.close());

test('the daemon warns once when a table of connections is nearly full, and lists them while it hangs', async () => {
  const daemon = await lab.start();
  expect(lab.ask('apply', 'small.yaml')).toMatchObject({ status: 0 });
  const flood = `for i in $(seq 40); do echo x | nc -u -w 0 -p $((20000 + i)) ${lab.host.address(4)} 53; done`;
  await lab.client.exec('bash', ['-c', flood]);
  const warning =
    /proved nothing yet is \d+% full: \d+ of 16 \(`connections\.unproven`\) \[datapath\/connections-nearly-full\]/g;
  await expect.poll(() => daemon.stderr(), { timeout: 10_000 }).toMatch(warning);
  daemon.child.kill('SIGSTOP');
  expect(
    lab.ask('connections', 'udp dst port 53', '--limit', '3', '-o', 'ndjson').stdout.trim().split('\n'),
  ).toHaveLength(3);
  expect(lab.ask('connections', 'kill', 'udp').stdout).toMatch(/^[1-4]\d connections killed\n$/);
  daemon.child.kill('SIGCONT');
  expect(daemon.stderr().match(warning)).toHaveLength(1);
  daemon.child.kill('SIGTERM');
  await daemon.ended;
});

test('what a change would cut is said before: by `diff --impact`, by a dry run, and by the apply', async () => {
  const policy = (port: number, besides = ''): string => `version: 1
interfaces: [eth0]
connections: {${besides}}
ingress:
  default: drop
  rules:
    - { name: dns, protocol: udp, port: ${port}, action: allow }
`;
  const daemon = await lab.start();
  lab.write('before.yaml', policy(53));
  lab.write('after.yaml', policy(54));
  lab.write('keeping.yaml', policy(54, ' keepEstablished: true '));
  expect(lab.ask('apply', 'before.yaml')).toMatchObject({ status: 0 });
  const talk = `for i in 1 2 3; do echo x | nc -u -w 1 -p $((30000 + i)) ${lab.host.address(4)} 53; done`;
  await lab.client.exec('bash', ['-c', talk]);
  await expect.poll(() => lab.ask('connections', 'udp').stdout, { timeout: 10_000 }).toContain(':30003');

  const impact = (after: string) =>
    JSON.parse(lab.ask('diff', '--impact', 'before.yaml', after, '-o', 'json').stdout).impact;
  expect(impact('after.yaml')).toMatchObject({
    cut: 3,
    by: [
      {
        by: { verdict: 'drop', stage: 'ingress', rule: null, reason: 'default-ingress', line: 5 },
        connections: 3,
        example: expect.stringMatching(/^udp [\d.]+:3000[123] > [\d.]+:53$/),
      },
    ],
  });
  expect(impact('keeping.yaml').cut).toBe(0);
  expect(impact('before.yaml').cut).toBe(0);
  const said =
    /of \d+ live connections 3 would be cut at their next packet\n.*drop default-ingress:5 .*ingress, 3, like udp/;
  expect(lab.ask('diff', '-i', 'before.yaml', 'after.yaml').stdout).toMatch(said);
  expect(lab.ask('apply', '--dry-run', 'after.yaml').stdout).toMatch(said);
  expect(lab.ask('apply', 'after.yaml').stdout).toMatch(said);

  await lab.client.exec('bash', ['-c', talk]);
  const list = lab
    .ask('connections', 'udp src portrange 30001-30003', '-o', 'ndjson')
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(list.filter(({ verdict }) => verdict === 'drop')).toHaveLength(3);
  daemon.child.kill('SIGTERM');
  await daemon.ended;
  lab.ask('down');
  expect(lab.ask('diff', '--impact', 'before.yaml', 'after.yaml').stderr).toContain('no policy is in force here');
});
