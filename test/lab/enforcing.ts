import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Enforcement, type EnforceOptions, enforce } from '../../src/datapath/index.ts';
import { SluiceError } from '../../src/diagnostics/problem.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import type { LabHost } from '../../src/lab/index.ts';
import { checkPolicy } from '../../src/policy/check.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';

/** A folder with a policy and the files of its sets. */
export interface PolicyFolder {
  readonly policy: CheckedPolicy;
  path(file: string): string;
  remove(): void;
}

/** @param files what stands beside the policy, by name */
export function policyFolder(text: string, files: Readonly<Record<string, string>> = {}): PolicyFolder {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-policy-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { policy, problems } = checkPolicy({ path: join(folder, 'policy.yaml'), text });
  if (policy === undefined) throw new SluiceError(problems);
  return { policy, path: (file) => join(folder, file), remove: () => rmSync(folder, { recursive: true }) };
}

export function policyOf(text: string): CheckedPolicy {
  const folder = policyFolder(text);
  folder.remove();
  return folder.policy;
}

/** Enforces a policy, given as text or checked, in the host's network namespace. */
export function enforceOn(host: LabHost, policy: string | CheckedPolicy, options: EnforceOptions = {}): Enforcement {
  const checked = typeof policy === 'string' ? policyOf(policy) : policy;
  return inNamespace({ path: host.path }, () => enforce(checked, options));
}

/** What a rule has counted, or a reason. Zeroes where it has not been seen. */
export function counted(enforcement: Enforcement, name: string): { readonly packets: number; readonly bytes: number } {
  const counter = enforcement.counters().find((one) => one.name === name);
  return { packets: Number(counter?.packets ?? 0n), bytes: Number(counter?.bytes ?? 0n) };
}
