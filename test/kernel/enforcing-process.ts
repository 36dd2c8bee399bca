/**
 * A process that puts a policy in force: `enforcing-process.ts NAMESPACE POLICY [USER]`. With a user it gives its
 * rights up before. Prints `in force`, or what is wrong; takes the policy down when it is told anything.
 */
import { enforce, readEnforcement, takeDown } from '../../src/datapath/index.ts';
import { SluiceError } from '../../src/diagnostics/problem.ts';
import { enterNamespace } from '../../src/kernel/index.ts';
import { policyOf } from '../lab/enforcing.ts';

const [namespace = '', text = '', user] = process.argv.slice(2);
const policy = policyOf(text);
enterNamespace({ path: namespace });
if (user !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
  attempt(readEnforcement);
  attempt(takeDown);
}
const enforcement = attempt(() => enforce(policy));
if (enforcement) {
  for (const { code } of enforcement.warnings) console.log(code);
  process.stdin.once('data', () => {
    enforcement.stop();
    process.stdin.destroy();
  });
  console.log('in force');
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    for (const { code, message } of error.problems) console.log(`${code}: ${message}`);
    return undefined;
  }
}
