import { FIRST_RULE, type Packet, packetCodec } from '../generated/abi.ts';
import { bootEpochMs, readRingBuffer } from '../kernel/index.ts';
import type { CheckedRule } from '../policy/checked.ts';
import type { Generation } from './generation.ts';

/** A packet that a `log` rule matched, within its rate. */
export interface LogEvent {
  readonly time: Date;
  readonly rule: CheckedRule;
  /** As it was when the rule matched: no verdict yet. */
  readonly packet: Packet;
}

/** Calls back for every event of the generation until the returned function is called. */
export function subscribeToLog(
  { maps }: Generation,
  rules: readonly CheckedRule[],
  onEvent: (event: LogEvent) => void,
): () => void {
  const map = maps.all.get('events');
  if (map === undefined) return () => {};
  const reader = readRingBuffer(map);
  const bootMs = bootEpochMs();
  reader.subscribe(
    (record) => {
      const packet = packetCodec.read(record, 0);
      const rule = rules[packet.rule - FIRST_RULE];
      if (rule) onEvent({ time: new Date(bootMs + Number(packet.timeNs / 1_000_000n)), rule, packet });
    },
    { keepAlive: false },
  );
  return () => reader.close();
}
