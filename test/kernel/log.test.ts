import { expect, test } from 'vitest';
import { type LogEvent, subscribeToLog } from '../../src/datapath/events.ts';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { FIRST_RULE } from '../../src/generated/abi.ts';
import { typedMap, u32, u64 } from '../../src/kernel/index.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { describePacket } from '../../src/packet/describe.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { allRules } from '../../src/policy/rule-place.ts';
import { kernelCount } from '../differential/counters.ts';
import { policyOf } from '../policy-of.ts';

const tcp4 = 'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S length=40';
const tcp6 = 'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=S length=60';

/** Judges the packets and gives what was logged: each event's rule and packet. */
async function logged(text: string, packets: readonly string[]): Promise<string[]> {
  const policy = policyOf(text);
  using rehearsal = openRehearsal(policy);
  const events: LogEvent[] = [];
  const unsubscribe = subscribeToLog(rehearsal.generation, allRules(policy), (event) => events.push(event));
  try {
    for (const packet of packets) rehearsal.judge(buildFrame(parseNotation(packet)));
    // Only what the last rule of the test has logged comes behind all that came before.
    await expect.poll(() => events.at(-1)?.rule.name).toBe('last');
    return events.slice(0, -1).map(({ rule, packet }) => `${rule.name}: ${describePacket(packet)}`);
  } finally {
    unsubscribe();
  }
}

const header = '{ version: 1, interfaces: [eth0], ingress: { rules: [';
const last = '{ name: last, port: 9, action: log }] } }';
const lastPacket = 'udp 192.0.2.1:9 > 192.0.2.2:9';

test('an event has the packet of either family, and the rule', async () => {
  const text = `${header}{ name: ssh, port: 22, action: log }, ${last}`;
  expect(await logged(text, [tcp4, tcp6, lastPacket])).toEqual([`ssh: ${tcp4}`, `ssh: ${tcp6}`]);
});

test('a burst and no more is logged at once, of each rule its own', async () => {
  const text = `${header}{ name: rare, port: 22, action: { log: { rate: 1/h, burst: 3 } } }, { name: also, port: 22, action: { log: { rate: 1/h, burst: 1 } } }, ${last}`;
  const events = await logged(text, [...Array<string>(10).fill(tcp4), lastPacket]);
  expect(events).toEqual(['rare', 'also', 'rare', 'rare'].map((rule) => `${rule}: ${tcp4}`));
});

test('of hundreds of rates each rule has its own, and its own burst', async () => {
  const others = Array.from({ length: 700 }, (_, i) => {
    return `{ name: other-${i}, port: ${1000 + i}, action: { log: { rate: ${i + 2}/h, burst: ${(i % 20) + 5} } } }, `;
  });
  const text = `${header}${others.slice(0, 350).join('')}{ name: rare, port: 22, action: { log: { rate: 1/h, burst: 3 } } }, { name: also, port: 22, action: { log: { rate: 1/h, burst: 1 } } }, ${others.slice(350).join('')}${last}`;
  const events = await logged(text, [...Array<string>(10).fill(tcp4), lastPacket]);
  expect(events).toEqual(['rare', 'also', 'rare', 'rare'].map((rule) => `${rule}: ${tcp4}`));
  const policy = policyOf(text);
  using rehearsal = openRehearsal(policy);
  expect(rehearsal.generation.compiled.operands.length).toBeGreaterThan(0);
  const limits = typedMap(rehearsal.generation.maps.get('xdp', 'limits'), u32, u64);
  const soon = process.hrtime.bigint() + 1_000_000_000n;
  limits.update(1 + 350, soon);
  rehearsal.judge(buildFrame(parseNotation(tcp4)));
  expect(limits.lookup(1 + 350)).toBe(soon + 3_600_000_000_000n);
});

test('what is not logged for its rate is counted all the same', () => {
  const policy = policyOf(`${header}{ name: rare, port: 22, action: { log: { rate: 1/h, burst: 1 } } }, ${last}`);
  using rehearsal = openRehearsal(policy);
  const frame = buildFrame(parseNotation(tcp6));
  for (let turn = 0; turn < 10; turn++) rehearsal.judge(frame);
  expect(kernelCount(rehearsal, FIRST_RULE)).toEqual({ packets: 10n, bytes: BigInt(frame.length * 10) });
});

test('an event moves its rule on by the interval of its rate, and nobody else', () => {
  const policy = policyOf(`${header}{ name: minutely, port: 22, action: { log: { rate: 1/m, burst: 5 } } }, ${last}`);
  using rehearsal = openRehearsal(policy);
  const limits = typedMap(rehearsal.generation.maps.get('xdp', 'limits'), u32, u64);
  const soon = process.hrtime.bigint() + 1_000_000_000n;
  limits.update(1, soon);
  rehearsal.judge(buildFrame(parseNotation(tcp4)));
  expect([0, 1, 2].map((limit) => limits.lookup(limit))).toEqual([0n, soon + 60_000_000_000n, 0n]);
});
