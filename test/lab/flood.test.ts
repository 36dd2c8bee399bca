import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { inNamespace } from '../../src/kernel/index.ts';
import { createFlood, createPair, type LabHost } from '../../src/lab/index.ts';

/** UDP datagrams for which nobody listened. */
function undelivered(host: LabHost): number {
  const counters = inNamespace(host, () => readFileSync('/proc/thread-self/net/snmp', 'utf8'));
  return Number(/^Udp: \d+ (\d+)/m.exec(counters)?.[1]);
}

test('a flood is of good datagrams, each from an address of its own', async () => {
  const lab = await createPair({ name: 'flood' });
  onTestFinished(() => lab.close());
  const [client, host] = [lab.host('client'), lab.host('host')];
  using flood = createFlood({ from: client, to: host.address(4) });
  const capture = await host.spawn('tcpdump', ['-lni', 'eth0', '-c', '64', 'udp and src net 198.18.0.0/16']);
  await capture.printed('listening on eth0');

  flood.send(64);
  expect(await capture.ended).toBe(0);
  const sources = capture.output().stdout.match(/198\.18\.\d+\.\d+\.\d+(?= > 192\.0\.2\.10\.9:)/g);
  expect(new Set(sources).size).toBe(64);
  expect(undelivered(host)).toBe(64);
});

test('a device that is not there is an error', async () => {
  const lab = await createPair({ name: 'flood' });
  onTestFinished(() => lab.close());
  const plan = { from: lab.host('client'), device: 'eth7', to: lab.host('host').address(4) };
  expect(() => createFlood(plan)).toThrow('client has no device "eth7"');
});
