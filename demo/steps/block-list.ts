import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabHost } from '../../src/lab/index.ts';
import type { Show } from '../show.ts';
import type { Stage } from '../stage.ts';
import { inUrl } from './requests.ts';

/** More than anybody would wait for. */
const PATIENCE_MS = 10_000;

export async function showBlockList(
  { attacker, client, server, folder, countedDuring }: Stage,
  show: Show,
): Promise<void> {
  show.step(
    'The block list is watched',
    'The attacker may see the web, as everybody may. Then its addresses are added to blocked.txt.',
  );
  const counted = await countedDuring(['web', 'blocklist'], async () => {
    for (const family of [4, 6] as const) await ask(attacker, server.address(family), 'answers', show);

    const added = attacker.devices
      .flatMap(({ addresses }) => addresses)
      .map((address) => address.replace(/\/\d+$/, ''));
    appendFileSync(join(folder, 'blocked.txt'), added.map((address) => `${address}\n`).join(''));
    show.line(`   ${'router'.padEnd(9)} ${`echo ${added.join(' ')} >>blocked.txt`}`);
    const cutAfter = await untilCut(attacker, server.address(4));
    const result = cutAfter === undefined ? 'still answered' : `cut after ${(cutAfter / 1000).toFixed(1)} s`;
    show.outcome(cutAfter !== undefined, 'attacker', `curl http://${server.address(4)}/, again and again`, result);

    for (const family of [4, 6] as const) await ask(attacker, server.address(family), 'silence', show);
    await ask(client, server.address(4), 'answers', show);
  });
  show.verdicts(counted);
  show.promise(
    counted.every(({ packets }) => packets > 0),
    'both rules have decided',
  );
}

const get = async (host: LabHost, address: string): Promise<boolean> =>
  (await host.exec('curl', ['-sS', '--max-time', '0.5', `http://${inUrl(address)}/`])).status === 0;

async function ask(host: LabHost, address: string, expected: 'answers' | 'silence', show: Show): Promise<void> {
  const answered = await get(host, address);
  const result = answered ? 'hello from server' : 'no answer';
  show.outcome(answered === (expected === 'answers'), host.name, `curl http://${inUrl(address)}/`, result);
}

/** Milliseconds until the first request that found no answer was sent. */
async function untilCut(host: LabHost, address: string): Promise<number | undefined> {
  const started = performance.now();
  for (;;) {
    const elapsed = performance.now() - started;
    if (!(await get(host, address))) return elapsed;
    if (elapsed > PATIENCE_MS) return undefined;
  }
}
