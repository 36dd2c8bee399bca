import { createDataReporter } from '../src/cli/enforcement/data-reporter.ts';
import type { UpReporter } from '../src/cli/enforcement/reporter.ts';
import { renderAnswer } from '../src/cli/output/answer.ts';
import { createSession } from '../src/cli/session.ts';

/** A run of `sluice up -o ndjson` as its reporter prints it. */
export async function eventLines(): Promise<string> {
  const session = createSession({ output: 'ndjson', color: 'never' });
  let lines = '';
  const print: typeof session.print = async (answer) => {
    lines += await renderAnswer(answer, session.form, session.paint);
  };
  await report(createDataReporter({ ...session, print }));
  return lines.trimEnd();
}

async function report({ up, log, set, interface: appeared, counters, down }: UpReporter): Promise<void> {
  const at = (second: number): Date => new Date(Date.UTC(2026, 0, 2, 3, 4, second));
  const ssh = { rule: 'ssh', stage: 'ingress', line: 12, reason: 'rule', action: 'allow' };
  const telnet = { rule: 'telnet', stage: 'ingress', line: 15, reason: 'rule', action: 'reject' };
  const byDefault = { rule: null, stage: 'ingress', line: null, reason: 'default-ingress', action: 'drop' };
  const packet = 'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S length=60';
  await up({ policy: 'web.yaml', interfaces: [{ name: 'eth0', mode: 'native' }], awaited: ['wg*'], pid: 4242 });
  await log({ time: at(5), rule: 'ssh-tries', line: 13, packet });
  await set({ set: 'blocked', problems: [] });
  await appeared({ name: 'wg0', ifindex: 7, what: 'attached', problems: [] });
  const unhit = { ...telnet, packets: 0, bytes: 0, lastHit: null };
  await counters([unhit, { ...byDefault, packets: 1, bytes: 74, lastHit: at(5) }], at(6));
  await down({ why: 'signal', rows: [{ ...ssh, packets: 14, bytes: 1772, lastHit: at(7) }] });
}
