import { expect } from 'vitest';
import { stringify } from 'yaml';
import { checkPolicy } from '../check.ts';
import type { CheckedPolicy, CheckedRule } from '../checked.ts';

/** A policy on eth0 and eth1 that has to be in order. */
export function checked(policy: object): CheckedPolicy {
  const text = stringify({ version: 1, interfaces: ['eth0', 'eth1'], ...policy });
  const result = checkPolicy({ path: 'policy.yaml', text });
  expect(result.problems.filter(({ severity }) => severity !== 'warning')).toEqual([]);
  return result.policy as CheckedPolicy;
}

const sets = { admins: ['203.0.113.0/24'], web: { ports: [80, 443, '8000-8100'] } };

/** A rule of ingress, which may ask for the sets `admins` and `web`. */
export function checkedRule(keys: object): CheckedRule {
  return checked({ sets, ingress: { rules: [{ action: 'allow', ...keys }] } }).ingress.rules[0] as CheckedRule;
}
