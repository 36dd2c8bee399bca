import type { LogEvent } from '../datapath/index.ts';
import type { DaemonEvent } from './events.ts';

/** A packet that a `log` rule matched, in words. */
export async function describeLog({ time, rule, packet }: LogEvent): Promise<DaemonEvent> {
  const { describePacket } = await import('../packet/describe.ts');
  return { event: 'log', time, rule: rule.name, line: rule.line, packet: describePacket(packet) };
}
