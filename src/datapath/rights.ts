import { SluiceError } from '../diagnostics/problem.ts';
import { type Capability, effectiveCapabilities } from '../kernel/index.ts';

/** Asked first: the kernel would say no at whichever step comes to it, and not why. */
export function requireRights(): void {
  const has = effectiveCapabilities();
  const missing = (['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'] as const satisfies Capability[]).filter(
    (name) => !has[name] && (name === 'CAP_NET_ADMIN' || !has.CAP_SYS_ADMIN),
  );
  if (missing.length === 0) return;
  const message = `to put a policy in force, this process (user ${process.geteuid?.()}) lacks ${missing.join(', ')}`;
  throw new SluiceError({ code: 'kernel/no-permission', message });
}
