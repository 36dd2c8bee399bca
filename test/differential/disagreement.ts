import { join } from 'node:path';
import { stringify } from 'yaml';
import { openRehearsal, type Rehearsal, type RehearsalOptions } from '../../src/datapath/rehearsal.ts';
import { checkPolicy } from '../../src/policy/check.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { compare, describeFrame } from './compare.ts';
import { minimiseBytes, minimiseDocument } from './minimise.ts';
import { SHORTEST_FRAME } from './mutations.ts';
import type { TestFrame } from './packets.ts';
import type { PolicyDocument } from './policies.ts';

/** The checked policy; undefined where the check finds an error in it. */
export function checked(document: PolicyDocument): CheckedPolicy | undefined {
  return checkPolicy({ path: join(import.meta.dirname, 'policy.yaml'), text: stringify(document) }).policy;
}

/** The smallest policy and packet found of which model and kernel say different things, in words. */
export function explainDisagreement(document: PolicyDocument, frame: TestFrame, options: RehearsalOptions): string {
  const policy = minimiseDocument(document, (smaller) => disagree(smaller, frame, options));
  return withRehearsal(policy, options, (rehearsal, checkedPolicy) => {
    const differences = (bytes: Uint8Array): readonly string[] =>
      compare(checkedPolicy, rehearsal, { ...frame, bytes, wireLength: bytes.length }).differences;
    const bytes = minimiseBytes(frame.bytes, SHORTEST_FRAME, (simpler) => differences(simpler).length > 0);
    const simplest = differences(bytes).length > 0 ? { ...frame, bytes, wireLength: bytes.length } : frame;
    const found = compare(checkedPolicy, rehearsal, simplest).differences;
    return [
      'model and kernel disagree',
      ...found,
      describeFrame(simplest),
      stringify(policy, { aliasDuplicateObjects: false }),
    ].join('\n');
  });
}

/** The smallest policy found that the kernel does not take, in words. */
export function explainRefusal(document: PolicyDocument, options: RehearsalOptions): string {
  const policy = minimiseDocument(document, (smaller) => refusal(smaller, options) !== undefined);
  return [refusal(policy, options), stringify(policy, { aliasDuplicateObjects: false })].join('\n');
}

function refusal(document: PolicyDocument, options: RehearsalOptions): string | undefined {
  if (checked(document) === undefined) return undefined;
  try {
    withRehearsal(document, options, () => undefined);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function disagree(document: PolicyDocument, frame: TestFrame, options: RehearsalOptions): boolean {
  if (checked(document) === undefined) return false;
  return withRehearsal(
    document,
    options,
    (rehearsal, policy) => compare(policy, rehearsal, frame).differences.length > 0,
  );
}

function withRehearsal<T>(
  document: PolicyDocument,
  options: RehearsalOptions,
  action: (rehearsal: Rehearsal, policy: CheckedPolicy) => T,
): T {
  const policy = checked(document) as CheckedPolicy;
  using rehearsal = openRehearsal(policy, options);
  return action(rehearsal, policy);
}
