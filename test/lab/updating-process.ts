/**
 * A process that puts a large policy in force and other versions of it in its place: `updating-process.ts NAMESPACE`.
 * Prints `in force`; at each line that it is told puts the next version in force and prints `updated`, or what is wrong.
 * Takes the policy down and ends when its input does.
 */
import { createInterface } from 'node:readline';
import { enforce } from '../../src/datapath/index.ts';
import { SluiceError } from '../../src/diagnostics/problem.ts';
import { enterNamespace } from '../../src/kernel/index.ts';
import type { CheckedPolicy, CheckedRule } from '../../src/policy/checked.ts';
import { policyOf } from './enforcing.ts';
import { FLOOD, manyBoxes } from './many-boxes.ts';

const [namespace = ''] = process.argv.slice(2);
let policy = policyOf(manyBoxes());
enterNamespace({ path: namespace });
const enforcement = enforce(policy);
console.log('in force');

let version = 0;
for await (const _ of createInterface({ input: process.stdin })) {
  version++;
  const next = withOneMore(policy, `new-${version}`);
  try {
    enforcement.update(next);
    policy = next;
    console.log('updated');
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    for (const { code, message, help } of error.problems) console.log(`${code}: ${message}; ${help}`);
  }
}
enforcement.stop();

/** The policy with one rule more, behind the one that takes the flood; all others keep their matches. */
function withOneMore(before: CheckedPolicy, name: string): CheckedPolicy {
  const { rules } = before.ingress;
  const last = rules.at(-1) as CheckedRule;
  const added = policyOf(`
version: 1
interfaces: [eth0]
ingress: { rules: [{ name: ${name}, from: 192.0.2.1, to: 192.0.2.2, protocol: tcp, port: 80, action: drop }] }
`).ingress.rules[0] as CheckedRule;
  const all = [...rules.slice(0, -1), added, last].map((rule, index) => ({ ...rule, index }));
  const source = { ...before.source, text: `${before.source.text}# ${name}\n` };
  if (last.name !== FLOOD) throw new Error('the last rule is another');
  return { ...before, source, ingress: { ...before.ingress, rules: all } };
}
