import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDescriptorNames } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { counted, enforceOn, policyOf } from './enforcing.ts';

const SWAPS = 60;

/** Counts what comes through to the host's stack of what every policy here drops. */
const NFT = `
table inet leaks {
  chain prerouting {
    type filter hook prerouting priority -300;
    udp dport 9 counter
  }
}
`;

let lab: Lab;
let client: LabHost;
let host: LabHost;
beforeAll(async () => {
  lab = await createPair({ name: 'swaps' });
  [client, host] = [lab.host('client'), lab.host('host')];
  expect(await host.exec('nft', ['-f', '-'], { input: NFT })).toMatchObject({ status: 0 });
});
afterAll(() => lab.close());

async function leaks(): Promise<number> {
  const { stdout } = await host.exec('nft', ['list', 'table', 'inet', 'leaks']);
  return Number(/counter packets (\d+)/.exec(stdout)?.[1]);
}

async function startFlood() {
  const program = fileURLToPath(new URL('flooding-process.ts', import.meta.url));
  const plan = JSON.stringify({ from: client, to: host.address(4) });
  const child = spawn(process.execPath, ['--import', 'tsx', program, plan], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child.stdout, 'data');
  return async (): Promise<number> => {
    child.stdin.end();
    await once(child, 'close');
    return Number(output.split('\n').at(-2));
  };
}

/** Both have a rule that takes the flood, at another place. */
const policy = (name: 'a' | 'b'): string => `
version: 1
interfaces: [eth0]
ingress:
  default: allow
  rules:
    - { name: other-${name}, from: 203.0.113.0/24, action: drop }
${name === 'a' ? '    - { name: further, from: 198.51.100.0/24, action: drop }' : ''}
    - { name: flood, from: 198.18.0.0/16, protocol: udp, port: 9, action: drop }
`;

test(`${SWAPS} swaps, trials and ways back under a flood: each packet is judged by one whole policy, and counted once`, async () => {
  const enforcement = enforceOn(host, policy('a'));
  const [a, b] = [policyOf(policy('a')), policyOf(policy('b'))];
  const stop = await startFlood();
  for (let i = 0; i < SWAPS; i++) {
    if (i % 3 === 0) enforcement.update(b);
    else enforcement.update(a, { trialMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (i % 3 === 1) enforcement.revert();
    if (i % 3 === 2) enforcement.confirm();
  }
  const sent = await stop();
  expect(sent).toBeGreaterThan(100_000);
  expect(counted(enforcement, 'flood').packets).toBe(sent);
  expect(counted(enforcement, 'internal').packets).toBe(0);
  expect(await leaks()).toBe(0);
  enforcement.stop();
  expect(openDescriptorNames()).toEqual([]);
});
