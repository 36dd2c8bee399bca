import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import type { CheckedPolicy, CheckedRule } from '../../src/policy/checked.ts';
import { createScan, generateRules, toPolicyRules } from '../../src/policy/testing/classbench.ts';
import { counted, enforceOn, policyOf } from './enforcing.ts';
import { startFlooding } from './flooding.ts';

const RULES = 100_000;
const UPDATES = 12;

let lab: Lab;
let client: LabHost;
let host: LabHost;
beforeAll(async () => {
  lab = await createPair({ name: 'load' });
  [client, host] = [lab.host('client'), lab.host('host')];
});
afterAll(() => lab.close());

const rulesOf = (...rules: object[]): readonly CheckedRule[] =>
  policyOf(stringify({ version: 1, interfaces: ['eth0'], ingress: { rules } })).ingress.rules;

/** The flood's low half or none of it, by a rule above all others. */
const early = (half: boolean): CheckedRule =>
  rulesOf({
    name: 'early',
    from: half ? '198.18.0.0/17' : '203.0.113.0/24',
    protocol: 'udp',
    action: 'drop',
  })[0] as CheckedRule;

/** A hundred thousand rules that are not about the flood, between two that are. */
function manyRules(): CheckedPolicy {
  const scan = (rule: Parameters<typeof createScan>[0][number]): boolean => {
    const to = host
      .address(4)
      .split('.')
      .reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
    const header = { src: 0n, dst: to, srcPort: 0, dstPort: 9, protocol: 17 };
    const anySource = { ...rule, src: { address: 0n, length: 0 }, srcPort: [0, 65_535] as const };
    return createScan([anySource], 32)(header) === undefined;
  };
  const others = toPolicyRules(
    generateRules('acl1', RULES + 20_000)
      .filter(scan)
      .slice(0, RULES),
    'v4',
  );
  const flood = { name: 'flood', from: '198.18.0.0/16', protocol: 'udp', port: 9, action: 'drop' };
  const text = stringify({
    version: 1,
    interfaces: ['eth0'],
    ingress: { default: 'allow', rules: [...others, flood] },
  });
  return versionOf(policyOf(text), (rules) => [early(false), ...rules], 0);
}

function versionOf(
  policy: CheckedPolicy,
  change: (rules: readonly CheckedRule[]) => readonly CheckedRule[],
  version: number,
): CheckedPolicy {
  const rules = change(policy.ingress.rules).map((rule, index) => ({ ...rule, index }));
  return { ...policy, source: { ...policy.source, text: `# ${version}` }, ingress: { ...policy.ingress, rules } };
}

test(`${RULES} rules change ${UPDATES} times under full load: every packet is judged by one version`, {
  timeout: 300_000,
}, async () => {
  let now = manyRules();
  expect(now.ingress.rules).toHaveLength(RULES + 2);
  const enforcement = enforceOn(host, now);
  const flood = await startFlooding({ from: client, to: host.address(4) });
  const seen = () => ['early', 'flood'].map((name) => counted(enforcement, name).packets);
  await expect.poll(() => seen()[1]).toBeGreaterThan(50_000);
  const took: number[] = [];
  for (let version = 1; version <= UPDATES; version++) {
    const added = rulesOf({
      name: `new-${version}`,
      from: '192.0.2.1',
      protocol: 'tcp',
      port: version,
      action: 'drop',
    });
    const at = 1 + ((version * 7919) % RULES);
    // In turn one comes, one goes, one is put in the place of another; and the flood's halves change hands.
    const gone = version % 3 === 0 ? 0 : 1;
    const come = version % 3 === 1 ? [] : added;
    now = versionOf(now, ([, ...rules]) => [early(version % 2 === 1), ...rules].toSpliced(at, gone, ...come), version);
    const before = seen().reduce((a, b) => a + b);
    const started = performance.now();
    enforcement.update(now);
    took.push(Math.round(performance.now() - started));
    await expect.poll(() => seen().reduce((a, b) => a + b)).toBeGreaterThan(before);
    if (version % 2 === 1) {
      const [half] = seen();
      await expect.poll(() => seen()[0]).toBeGreaterThan(half as number);
    }
  }
  const sent = await flood.stop();
  console.log(`${sent} packets; milliseconds of each update: ${took.join(' ')}`);
  expect(seen().reduce((a, b) => a + b)).toBe(sent);
  expect(counted(enforcement, 'default-ingress').packets).toBeLessThan(100);
  enforcement.stop();
});
