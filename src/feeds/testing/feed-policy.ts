import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '../../diagnostics/problem.ts';
import { type CheckResult, checkPolicy } from '../../policy/check.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { type FeedSet, feedSets } from '../index.ts';

/** A folder for copies, and policies whose feeds are kept there. */
export interface FeedFolder {
  readonly path: string;
  check(sets: string): CheckResult;
  policy(sets: string): CheckedPolicy;
  /** The one feed of a policy. */
  feed(set: string): FeedSet;
  remove(): void;
}

export function feedFolder(): FeedFolder {
  const path = mkdtempSync(join(tmpdir(), 'sluice-feeds-'));
  const check = (sets: string): CheckResult => {
    const text = `version: 1\ninterfaces: [eth0]\nsets:\n  ${sets}\ningress: { default: allow }\n`;
    return checkPolicy({ path: join(path, 'policy.yaml'), text }, { feedFolder: path });
  };
  const policy = (sets: string): CheckedPolicy => {
    const { policy, problems } = check(sets);
    if (!policy) throw new SluiceError(problems);
    return policy;
  };
  return {
    path,
    check,
    policy,
    feed: (set) => feedSets(policy(set).sets)[0] as FeedSet,
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
