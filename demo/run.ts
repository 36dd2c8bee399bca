/** `make demo`: a policy file judges real packets. Exits 1 where something did not come as promised. */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { createSession, endQuietlyWithoutReader } from '../src/cli/session.ts';
import { SluiceError } from '../src/diagnostics/problem.ts';
import { hold } from './hold.ts';
import { createShow, type Show } from './show.ts';
import { type Stage, setStage } from './stage.ts';
import { showBlockList } from './steps/block-list.ts';
import { showCounters } from './steps/counters.ts';
import { showExplanation } from './steps/explanation.ts';
import { showFlood } from './steps/flood.ts';
import { showPolicy } from './steps/policy.ts';
import { showRequests } from './steps/requests.ts';
import { showScan } from './steps/scan.ts';

const steps = [showPolicy, showRequests, showScan, showFlood, showCounters, showBlockList, showExplanation];

process.chdir(new URL('..', import.meta.url).pathname);
endQuietlyWithoutReader();
// Whatever is open cleans up behind itself when the process exits.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
try {
  process.exitCode = await demo(createShow());
} catch (error) {
  if (error instanceof SluiceError) await createSession({}).complain(error.problems);
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function demo(show: Show): Promise<0 | 1> {
  show.line(show.paint('bold', 'Sluice judges real packets, between network namespaces of this machine'));
  const stage = await setStage();
  const started = performance.now();
  try {
    introduce(stage, show);
    for (const step of steps) await step(stage, show);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    show.line();
    if (show.broken === 0) show.line(`All of it as promised, in ${seconds} seconds.`);
    if (process.env['DEMO_HOLD'] === '1') await hold(stage, show);
  } finally {
    await stage.close();
  }
  const left = stage.traces().filter(existsSync);
  if (left.length === 0) show.line('Nothing is left of it: no process, no namespace, no program, no pin.');
  show.promise(left.length === 0, `${left.join(', ')} should be gone`);
  if (show.broken > 0) show.line(show.paint('red', `${show.broken} not as promised: see above.`));
  return show.broken === 0 ? 0 : 1;
}

function introduce({ lab }: Stage, show: Show): void {
  const roles: Readonly<Record<string, string>> = {
    client: 'an administrator, on eth0 of the router',
    attacker: 'somebody, on eth1',
    router: 'forwards what its policy allows',
    server: 'web on 80, ssh on 22, telnet on 23, behind the router',
  };
  show.line();
  for (const { name, devices } of lab.hosts) {
    const [v4 = '', v6 = ''] = name === 'router' ? [] : devices.flatMap(({ addresses }) => addresses);
    const addresses = [v4, v6].map((address, index) => address.replace(/\/\d+$/, '').padEnd(index === 0 ? 14 : 18));
    show.line(`   ${name.padEnd(9)} ${addresses.join('')}${show.paint('dim', roles[name] ?? '')}`);
  }
}
