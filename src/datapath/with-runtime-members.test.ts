import { expect, test } from 'vitest';
import { buildFrame } from '../packet/build.ts';
import { parseNotation } from '../packet/notation.ts';
import { parseFrame } from '../packet/parse.ts';
import { checkPolicy } from '../policy/check.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { compilePolicy } from '../policy/compile.ts';
import { judge } from '../policy/model.ts';
import { readMembers } from './member-text.ts';
import { createRuntimeMembers } from './runtime-members.ts';
import { withRuntimeMembers } from './with-runtime-members.ts';

const TEXT = `
version: 1
interfaces: [eth0]
sets:
  listed: { dynamic: true, addresses: [198.51.100.1, 2001:db8::/32] }
  empty: { dynamic: true }
  fixed: [203.0.113.1]
prefilter:
  - { from: ["@listed", "@empty", "@fixed"], action: drop }
`;

const policy = checkPolicy({ path: 'policy.yaml', text: TEXT }).policy as CheckedPolicy;

function runtimeWith(members: Readonly<Record<string, readonly string[]>>, endsAtMs = Number.POSITIVE_INFINITY) {
  const runtime = createRuntimeMembers();
  for (const [set, texts] of Object.entries(members)) {
    const added = readMembers(texts)
      .flat()
      .map((one) => ({ ...one, endsAtMs }));
    runtime.apply({ set, added });
  }
  return runtime;
}

function dropped(of: CheckedPolicy, from: string): boolean {
  const to = from.includes(':') ? '[2001:db9::9]:2' : '192.0.2.9:2';
  const frame = buildFrame(parseNotation(`udp ${from.includes(':') ? `[${from}]` : from}:1 > ${to}`));
  return judge(of, frame, parseFrame(frame, { ifindex: 1 }), 'ingress').verdict === 'drop';
}

test('members of both families are in the sets beside what the policy lists, also those that it lists as well', () => {
  const runtime = runtimeWith({
    listed: ['198.51.100.1', '198.51.100.128/25', '2001:db9:1::/48'],
    empty: ['192.0.2.7', '::ffff:0:0/96'],
  });
  const live = withRuntimeMembers(policy, runtime);
  const all = ['198.51.100.1', '198.51.100.255', '2001:db8::5', '2001:db9:1::5', '192.0.2.7', '203.0.113.1'];
  expect(all.map((from) => dropped(live, from))).toEqual(all.map(() => true));
  const others = ['198.51.100.2', '198.51.100.127', '2001:db9:2::5', '192.0.2.8'];
  expect(others.map((from) => dropped(live, from))).toEqual(others.map(() => false));
  // What the policy itself says has not changed, and the compiler takes the other like one that lists all of it.
  expect(dropped(policy, '192.0.2.7')).toBe(false);
  const words = compilePolicy(live).tries.map(({ words: { length } }) => length);
  expect(Math.min(...words)).toBeGreaterThan(0);
});

test('where nothing was added, or its time is over, it is the policy as it was', () => {
  expect(withRuntimeMembers(policy, undefined)).toBe(policy);
  expect(withRuntimeMembers(policy, createRuntimeMembers())).toBe(policy);
  expect(withRuntimeMembers(policy, runtimeWith({ listed: ['192.0.2.7'] }, performance.now() - 1))).toBe(policy);
});
