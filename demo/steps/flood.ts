import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { formatCount } from '../../src/cli/output/numbers.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import { type FloodPlan, floodSources, type LabHost, type LabProcess } from '../../src/lab/index.ts';
import type { Show } from '../show.ts';
import { difference, type Stage } from '../stage.ts';

const REQUESTS = 150;
const REQUESTS_A_SECOND = 50;
const SAMPLE_INTERVAL_MS = 800;

export async function showFlood(stage: Stage, show: Show): Promise<void> {
  const { client, attacker, server, countedDuring } = stage;
  const target = server.address(4);
  show.step(
    'A flood is dropped at full rate, and nobody notices',
    `The attacker sends frames of 60 bytes as fast as the kernel makes them, from random addresses of`,
    `${floodSources}, which is on the block list. Meanwhile the client opens ${REQUESTS_A_SECOND} connections a second.`,
  );
  const before = datagramsReceived(server);
  let [answered, rate] = [0, 0];
  const counted = await countedDuring(['blocklist', 'web'], async () => {
    const flooder = await startFlooder(attacker, target);
    const requests = client.exec('curl', [
      ...['-sS', '--max-time', '5', '--rate', `${REQUESTS_A_SECOND}/s`, '--header', 'Connection: close'],
      ...['--output', '/dev/null', '--write-out', '%{http_code}\n', `http://${target}/?[1-${REQUESTS}]`],
    ]);
    rate = await watch(stage, show, requests);
    await flooder.stop();
    answered = (await requests).stdout.match(/^200$/gm)?.length ?? 0;
  });

  const delivered = datagramsReceived(server) - before;
  show.line();
  show.outcome(rate > 0, 'router', 'drops', `${(rate / 1e6).toFixed(1)} million frames a second`);
  show.outcome(delivered === 0, 'server', 'gets of the flood', formatCount(delivered));
  show.outcome(answered === REQUESTS, 'client', 'gets of its answers', `${answered} of ${REQUESTS}`);
  show.verdicts(counted);
}

async function startFlooder({ name, path, devices, spawn }: LabHost, to: string): Promise<LabProcess> {
  const plan: FloodPlan = { from: { name, path, devices }, to };
  const flooder = await spawn(process.execPath, ['--import', 'tsx', 'demo/flooder.ts', JSON.stringify(plan)]);
  await flooder.printed('flooding', 10_000);
  return flooder;
}

/** Shows how the counters have moved, about once a second until `end`. Returns the frames dropped a second, on average. */
async function watch({ counters }: Stage, show: Show, end: Promise<unknown>): Promise<number> {
  let over = false;
  end.then(
    () => {
      over = true;
    },
    () => {},
  );
  const sample = async () => ({ time: performance.now(), rows: await counters() });
  const first = await sample();
  show.line(`   ${show.paint('dim', 'seconds  dropped by blocklist     allowed by web')}`);
  for (;;) {
    await Promise.race([end, setTimeout(SAMPLE_INTERVAL_MS)]);
    const { time, rows } = await sample();
    const seconds = (time - first.time) / 1000;
    const [dropped = 0, allowed = 0] = difference(first.rows, rows, ['blocklist', 'web']).map(({ packets }) => packets);
    const columns = [
      seconds.toFixed(1).padStart(7),
      formatCount(dropped).padStart(20),
      formatCount(allowed).padStart(17),
    ];
    show.line(`   ${columns.join('  ')}`);
    if (over) return dropped / seconds;
  }
}

/** UDP datagrams that came to the host, for a socket or for none. */
function datagramsReceived(host: LabHost): number {
  const counters = inNamespace(host, () => readFileSync('/proc/thread-self/net/snmp', 'utf8'));
  const [, delivered, undelivered] = /^Udp: (\d+) (\d+)/m.exec(counters) ?? [];
  return Number(delivered) + Number(undelivered);
}
