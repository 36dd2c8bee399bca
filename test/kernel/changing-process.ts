/**
 * A process that is killed in a change: `changing-process.ts NAMESPACE BEFORE AFTER STEP [TRIAL_MS]`. It puts BEFORE in
 * force (nothing where that is empty), then AFTER, and kills itself at STEP; `none` is never reached: it prints
 * `waiting` then, and stays.
 */
import { enforce, type UpdateOptions } from '../../src/datapath/index.ts';
import { enterNamespace } from '../../src/kernel/index.ts';
import { policyOf } from '../lab/enforcing.ts';

const [namespace = '', before = '', after = '', step, trialMs] = process.argv.slice(2);
enterNamespace({ path: namespace });
const options: UpdateOptions = {
  ...(trialMs !== undefined && { trialMs: Number(trialMs) }),
  onStep: (reached) => {
    if (reached === step) process.kill(process.pid, 'SIGKILL');
  },
};
if (before === '') enforce(policyOf(after), options);
else enforce(policyOf(before)).update(policyOf(after), options);
console.log('waiting');
setInterval(() => {}, 1000);
