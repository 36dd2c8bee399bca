import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDescriptorNames } from '../../src/kernel/index.ts';
import { createFlood, createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { counted, enforceOn, policyOf } from './enforcing.ts';

let lab: Lab;
let client: LabHost;
let host: LabHost;
beforeAll(async () => {
  lab = await createPair({ name: 'update' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
afterAll(() => lab.close());

/** Rules for sources that the flood does not come from, and behind them the one that takes it. */
function policy(others: number): CheckedPolicy {
  const rules = Array.from({ length: others }, (_, i) => {
    return `    - { name: other-${i}, from: 10.${i >> 8}.${i & 255}.0/24, protocol: udp, port: 9, action: drop }\n`;
  });
  return policyOf(`
version: 1
interfaces: [eth0]
ingress:
  default: allow
  rules:
${rules.join('')}    - { name: flood, from: 198.18.0.0/16, protocol: udp, port: 9, action: drop }
`);
}

/** The policy with one rule more in its middle; all others keep their matches. */
function withOneMore(before: CheckedPolicy, name: string): CheckedPolicy {
  const { rules } = before.ingress;
  const middle = rules.length >> 1;
  const added = {
    ...(policyOf(`
version: 1
interfaces: [eth0]
ingress:
  rules:
    - { name: ${name}, from: 192.0.2.1, protocol: tcp, port: 80, action: drop }
`).ingress.rules[0] as CheckedPolicy['ingress']['rules'][number]),
  };
  const all = rules.toSpliced(middle, 0, added).map((rule, index) => ({ ...rule, index }));
  const source = { ...before.source, text: `${before.source.text}# ${name}\n` };
  return { ...before, source, ingress: { ...before.ingress, rules: all } };
}

test('versions follow each other under a flood: no packet is let through, and none is forgotten', () => {
  let now = policy(300);
  const enforcement = enforceOn(host, now);
  const flood = createFlood({ from: client, to: host.address(4) });
  const seen = (): number => counted(enforcement, 'flood').packets;
  let sent = 0;
  for (let round = 0; round < 20; round++) {
    flood.send(2_000);
    sent += 2_000;
    now = withOneMore(now, `new-${round}`);
    enforcement.update(now);
    expect(enforcement.counters().some(({ name }) => name === `new-${round}`)).toBe(true);
  }
  flood.send(2_000);
  sent += 2_000;
  expect(seen()).toBe(sent);
  expect(counted(enforcement, 'default-ingress').packets).toBeLessThan(100);
  flood.close();
  enforcement.stop();
  expect(openDescriptorNames()).toEqual([]);
});

test('one that the kernel refuses leaves the version before in force', () => {
  const enforcement = enforceOn(host, policy(20));
  const bad = policyOf('version: 1\ninterfaces: [not-there]\ningress: { default: allow }\n');
  expect(() => enforcement.update(bad)).toThrow(/not-there/);
  using flood = createFlood({ from: client, to: host.address(4) });
  flood.send(1_000);
  expect(counted(enforcement, 'flood').packets).toBe(1_000);
  enforcement.stop();
});
