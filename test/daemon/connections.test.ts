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
});
